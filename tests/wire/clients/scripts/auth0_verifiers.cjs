// jwks-rsa and express-oauth2-jwt-bearer as the APIs that are shown our tokens.
const { auth, requiredScopes } = require("express-oauth2-jwt-bearer");
const jwksClient = require("jwks-rsa");
const jwt = require("jsonwebtoken");
const { asked, tampered } = require("./auth0_api.cjs");
const { main } = require("./steps.cjs");

/** The claims of a token, after jwks-rsa found the key and jsonwebtoken proved it. */
function verified(facts, token, more = {}) {
  const client = jwksClient({
    jwksUri: `https://${facts.domain}/.well-known/jwks.json`,
  });
  const find = ({ kid }, done) =>
    client
      .getSigningKey(kid)
      .then((key) => done(null, key.getPublicKey()), done);
  const expected = {
    algorithms: ["RS256"],
    issuer: `https://${facts.domain}/`,
    audience: facts.api,
    ...more,
  };
  return new Promise((resolve, reject) =>
    jwt.verify(token, find, expected, (error, claims) =>
      error ? reject(error) : resolve(claims),
    ),
  );
}

/** The guard that an API sets up for a tenant. */
const guard = (facts, more = {}) =>
  auth({
    issuerBaseURL: `https://${facts.domain}`,
    audience: facts.api,
    ...more,
  });

main({
  keys: async (facts) => {
    const jwksUri = `https://${facts.domain}/.well-known/jwks.json`;
    const keys = await jwksClient({ jwksUri }).getSigningKeys();
    return keys.map(({ kid, alg }) => ({ kid, alg }));
  },
  unknownKey: (facts) => {
    const jwksUri = `https://${facts.domain}/.well-known/jwks.json`;
    return jwksClient({ jwksUri }).getSigningKey("of-somebody-else");
  },
  accessToken: (facts) => verified(facts, facts.access_token),
  idToken: (facts) =>
    verified(facts, facts.id_token, { audience: facts.oidc }),
  legacyIdToken: (facts) =>
    verified(facts, facts.legacy_id_token, { audience: facts.legacy }),
  tampered: (facts) => verified(facts, tampered(facts.access_token)),
  otherTenant: (facts) => verified(facts, facts.other_token),
  otherAudience: (facts) => verified(facts, facts.id_token),
  opaque: (facts) => verified(facts, facts.opaque_token),

  guarded: (facts) => asked([guard(facts)], facts.access_token),
  guardedWithSlash: (facts) => {
    const issuerBaseURL = `https://${facts.domain}/`;
    return asked([guard(facts, { issuerBaseURL })], facts.access_token);
  },
  guardedByScope: (facts) =>
    asked([guard(facts), requiredScopes("read:x")], facts.access_token),
  guardedByOtherScope: (facts) =>
    asked([guard(facts), requiredScopes("write:x")], facts.access_token),
  guardedApplication: (facts) => asked([guard(facts)], facts.application_token),
  guardedTampered: (facts) =>
    asked([guard(facts)], tampered(facts.access_token)),
  guardedIdToken: (facts) => asked([guard(facts)], facts.id_token),
  guardedOpaque: (facts) => asked([guard(facts)], facts.opaque_token),
  guardedOtherTenant: (facts) => asked([guard(facts)], facts.other_token),
  guardedNothing: (facts) => asked([guard(facts)], ""),
});
