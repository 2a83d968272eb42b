// The assertions that msal-node makes, caught before they leave.
const { createHash, X509Certificate } = require("node:crypto");
const { ConfidentialClientApplication } = require("@azure/msal-node");
const { main } = require("./steps.cjs");

/** The `client_assertion` posted for a certificate that `digest` names. */
async function asked(facts, digest, more = {}) {
  const authority = `https://${facts.host}/${facts.tenant}`;
  let posted = "";
  const networkClient = {
    sendGetRequestAsync: async () => ({
      status: 200,
      headers: {},
      body: {
        issuer: `${authority}/v2.0`,
        authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
        token_endpoint: `${authority}/oauth2/v2.0/token`,
        jwks_uri: `${authority}/discovery/v2.0/keys`,
      },
    }),
    sendPostRequestAsync: async (url, options) => {
      posted = options.body;
      const body = { access_token: "a", token_type: "Bearer", expires_in: 9 };
      return { status: 200, headers: {}, body };
    },
  };
  const { raw } = new X509Certificate(facts.certificate_pem);
  const clientCertificate = {
    [digest === "sha1" ? "thumbprint" : "thumbprintSha256"]: createHash(digest)
      .update(raw)
      .digest("hex"),
    privateKey: facts.key_pem,
    ...more,
  };
  const knownAuthorities = [facts.host];
  const app = new ConfidentialClientApplication({
    auth: {
      clientId: facts.client,
      authority,
      knownAuthorities,
      clientCertificate,
    },
    system: { networkClient },
  });
  await app.acquireTokenByClientCredential({
    scopes: ["https://graph.microsoft.com/.default"],
  });
  return new URLSearchParams(posted).get("client_assertion");
}

main({
  sha1: (facts) => asked(facts, "sha1"),
  sha256: (facts) => asked(facts, "sha256"),
  chain: (facts) => asked(facts, "sha256", { x5c: facts.certificate_pem }),
});
