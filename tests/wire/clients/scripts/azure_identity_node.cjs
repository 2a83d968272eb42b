// @azure/identity as applications use it, at an address where nobody listens on 443.
const { mkdtempSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const {
  ClientCertificateCredential,
  ClientSecretCredential,
  EnvironmentCredential,
  UsernamePasswordCredential,
} = require("@azure/identity");
const { main } = require("./steps.cjs");

const GRAPH = "https://graph.microsoft.com/.default";
const TASKS = "api://tasks/.default";

const at = (facts) => ({
  authorityHost: facts.base,
  disableInstanceDiscovery: true,
  retryOptions: { maxRetries: 0 },
});

const byPassword = (facts, user = "alice", password = "", client = "public") =>
  new UsernamePasswordCredential(
    facts.domain,
    facts[client],
    facts[user],
    password || facts.password,
    at(facts),
  );

const bySecret = (facts, secret) =>
  new ClientSecretCredential(
    facts.domain,
    facts.confidential,
    secret,
    at(facts),
  );

const token = async (credential, scope) =>
  (await credential.getToken(scope)).token;

/** What `use` gives while the environment has `variables` as well. */
async function withEnvironment(variables, use) {
  Object.assign(process.env, variables);
  try {
    return await use();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
}

/** What `use` gives of a file with key and certificate. */
async function withPem(facts, use) {
  const folder = mkdtempSync(join(tmpdir(), "client-"));
  const path = join(folder, "client.pem");
  writeFileSync(path, facts.key_pem + facts.certificate_pem);
  try {
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const byCertificate = (facts, certificatePath, options = {}) =>
  new ClientCertificateCredential(
    facts.domain,
    facts.certificate,
    { certificatePath },
    { ...at(facts), ...options },
  );

main({
  password: (facts) => token(byPassword(facts), GRAPH),
  passwordTasks: (facts) =>
    token(byPassword(facts), "api://tasks/Tasks.Read"),
  adfs: (facts) => {
    const { public: client, alice, password } = facts;
    const credential = new UsernamePasswordCredential(
      "adfs",
      client,
      alice,
      password,
      at(facts),
    );
    return token(credential, "User.Read");
  },
  secret: (facts) => token(bySecret(facts, facts.secret), TASKS),
  certificate: (facts) =>
    withPem(facts, (path) => token(byCertificate(facts, path), TASKS)),
  certificateChain: (facts) =>
    withPem(facts, (path) =>
      token(byCertificate(facts, path, { sendCertificateChain: true }), TASKS),
    ),
  environmentSecret: (facts) => {
    const variables = {
      AZURE_AUTHORITY_HOST: facts.base,
      AZURE_TENANT_ID: facts.domain,
      AZURE_CLIENT_ID: facts.confidential,
      AZURE_CLIENT_SECRET: facts.secret,
    };
    const options = { disableInstanceDiscovery: true };
    return withEnvironment(variables, () =>
      token(new EnvironmentCredential(options), TASKS),
    );
  },
  wrongPassword: (facts) => token(byPassword(facts, "alice", "wrong"), GRAPH),
  mfa: (facts) => token(byPassword(facts, "mfa"), GRAPH),
  consentMissing: (facts) =>
    token(
      byPassword(facts, "alice", "", "no_consent"),
      "https://graph.microsoft.com/User.Read",
    ),
  locked: (facts) => token(byPassword(facts, "locked"), GRAPH),
  wrongSecret: (facts) => token(bySecret(facts, "wrong"), TASKS),
});
