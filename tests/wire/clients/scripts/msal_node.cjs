// msal-node as applications use it, at an address where nobody listens on 443.
const {
  ConfidentialClientApplication,
  PublicClientApplication,
} = require("@azure/msal-node");
const { createHash, X509Certificate } = require("node:crypto");
const { main } = require("./steps.cjs");

const SCOPES = ["User.Read"];
const TASKS = ["api://tasks/.default"];

/** The part `auth` of a configuration: our name and port must be known. */
function auth(facts, clientId, more = {}) {
  const authority = `${facts.base}/contoso.test`;
  const knownAuthorities = [new URL(facts.base).host];
  return { auth: { clientId, authority, knownAuthorities, ...more } };
}

const pca = (facts, client = "public", more = {}) =>
  new PublicClientApplication(auth(facts, facts[client], more));

const cca = (facts, clientSecret) =>
  new ConfidentialClientApplication(
    auth(facts, facts.confidential, { clientSecret }),
  );

/** A confidential client with a certificate, named by one of its thumbprints. */
function byCertificate(facts, digest) {
  const { raw } = new X509Certificate(facts.certificate_pem);
  const hex = (name) => createHash(name).update(raw).digest("hex");
  const thumbprint =
    digest === "sha1"
      ? { thumbprint: hex("sha1") }
      : { thumbprintSha256: hex("sha256") };
  const clientCertificate = { ...thumbprint, privateKey: facts.key_pem };
  return new ConfidentialClientApplication(
    auth(facts, facts.certificate, { clientCertificate }),
  );
}

const signIn = (facts, app, user = "alice", password = facts.password) =>
  app.acquireTokenByUsernamePassword({
    scopes: SCOPES,
    username: facts[user] ?? user,
    password,
  });

/** A first answer, and the one that its refresh token brings. */
async function renewedAfter(app, first) {
  const { account } = first;
  const scopes = SCOPES;
  const forceRefresh = true;
  const renewed = await app.acquireTokenSilent({ account, scopes, forceRefresh });
  return { first, renewed };
}

main({
  password: (facts) => signIn(facts, pca(facts)),

  adfs: async (facts) => {
    const authority = `${facts.base}/adfs`;
    const app = pca(facts, "public", { authority });
    return renewedAfter(app, await signIn(facts, app));
  },

  knownByAddress: (facts) => {
    const knownAuthorities = [facts.base];
    return signIn(facts, pca(facts, "public", { knownAuthorities }));
  },

  // The hosted service is then asked whether it knows the host; here that request
  // is answered by nobody, in place of the internet.
  knownWithoutPort: async (facts) => {
    const asked = [];
    const networkClient = {
      sendGetRequestAsync: (url) => {
        asked.push(url);
        throw new Error("no internet");
      },
      sendPostRequestAsync: (url) => {
        asked.push(url);
        throw new Error("no internet");
      },
    };
    const configuration = auth(facts, facts.public, {
      knownAuthorities: [facts.host],
    });
    configuration.system = { networkClient };
    const app = new PublicClientApplication(configuration);
    const failed = await signIn(facts, app).then(
      () => null,
      (error) => error.errorCode ?? error.message,
    );
    return { failed, hosts: asked.map((url) => new URL(url).host) };
  },

  organizations: async (facts) => {
    const authority = `${facts.base}/organizations`;
    const app = pca(facts, "public", { authority });
    return renewedAfter(app, await signIn(facts, app));
  },

  spellings: async (facts) => {
    const { tenant_id: tenant, domain } = facts;
    const paths = [tenant, tenant.toUpperCase(), domain.toUpperCase(), `${domain}/`];
    const answers = [];
    for (const path of paths) {
      const authority = `${facts.base}/${path}`;
      answers.push(await signIn(facts, pca(facts, "public", { authority })));
    }
    return answers;
  },

  confidentialPassword: (facts) => signIn(facts, cca(facts, facts.secret)),

  silent: async (facts) => {
    const app = pca(facts);
    const first = await signIn(facts, app);
    const ask = (scopes, forceRefresh) =>
      app.acquireTokenSilent({ account: first.account, scopes, forceRefresh });
    return {
      first,
      cached: await ask(SCOPES, false),
      renewed: await ask(SCOPES, true),
      again: await ask(SCOPES, true),
      tasks: await ask(["api://tasks/Tasks.Read"], false),
    };
  },

  silentUnconsented: async (facts) => {
    const app = pca(facts);
    const { account } = await signIn(facts, app);
    return app.acquireTokenSilent({ account, scopes: ["Mail.Read"] });
  },

  refreshToken: async (facts) => {
    const app = pca(facts);
    await signIn(facts, app);
    const cache = JSON.parse(app.getTokenCache().serialize());
    const [{ secret: refreshToken }] = Object.values(cache.RefreshToken);
    return app.acquireTokenByRefreshToken({ refreshToken, scopes: SCOPES });
  },

  secret: async (facts) => {
    const app = cca(facts, facts.secret);
    const first = await app.acquireTokenByClientCredential({ scopes: TASKS });
    const second = await app.acquireTokenByClientCredential({ scopes: TASKS });
    return { first, second };
  },

  certificateRs256: (facts) =>
    byCertificate(facts, "sha1").acquireTokenByClientCredential({
      scopes: TASKS,
    }),

  certificatePs256: (facts) =>
    byCertificate(facts, "sha256").acquireTokenByClientCredential({
      scopes: TASKS,
    }),

  certificatePassword: (facts) => signIn(facts, byCertificate(facts, "sha256")),

  wrongPassword: (facts) => signIn(facts, pca(facts), "alice", "wrong"),
  unknownUser: (facts) => signIn(facts, pca(facts), "nobody@contoso.test"),
  mfa: (facts) => signIn(facts, pca(facts), "mfa"),
  mfaNotEnrolled: (facts) => signIn(facts, pca(facts), "mfa_not_enrolled"),
  consentMissing: (facts) => signIn(facts, pca(facts, "no_consent")),
  locked: (facts) => signIn(facts, pca(facts), "locked"),
  unknownClient: (facts) => signIn(facts, pca(facts, "unknown_client")),
  wrongSecret: (facts) =>
    cca(facts, "wrong").acquireTokenByClientCredential({ scopes: TASKS }),
  unknownTenant: (facts) => {
    const authority = `${facts.base}/nosuch.test`;
    return signIn(facts, pca(facts, "public", { authority }));
  },
  httpAuthority: async (facts) => {
    const authority = `${facts.base.replace("https:", "http:")}/contoso.test`;
    return signIn(facts, pca(facts, "public", { authority }));
  },
});
