// node-auth0 2.x as applications use it; the fact `package` says which one.
const { main } = require("./steps.cjs");

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** The authentication client of an application. */
function client(facts, clientId = facts.legacy, more = {}) {
  const { AuthenticationClient } = require(facts.package);
  return new AuthenticationClient({ domain: facts.domain, clientId, ...more });
}

/** The answer of /oauth/ro to alice's password, with `more` instead. */
function signIn(facts, more = {}, application = client(facts)) {
  return application.oauth.signIn({
    username: facts.alice,
    password: facts.password,
    connection: facts.connection,
    ...more,
  });
}

/** The answer of /oauth/token to the same; 2.4 cannot ask. */
function exchange(facts, more = {}, application = client(facts, facts.oidc)) {
  return application.oauth.passwordGrant({
    username: facts.alice,
    password: facts.password,
    realm: facts.connection,
    scope: "openid",
    ...more,
  });
}

const delegation = (facts, token) =>
  client(facts).tokens.getDelegationToken({
    ...token,
    target: facts.legacy,
    api_type: "app",
    grant_type: JWT_BEARER,
    scope: "openid",
  });

const received = ({ phone, code }) => ({ username: phone, password: code });

const told = (text) => (typeof text === "string" ? JSON.parse(text) : text);

const both = {
  password: (facts) => signIn(facts),
  noScope: (facts) => signIn(facts, { scope: "" }),
  // The connection is the client's own default.
  database: (facts) => {
    const { alice: username, password } = facts;
    return client(facts).database.signIn({ username, password });
  },
  profile: async (facts) => {
    const { access_token: token } = await signIn(facts);
    return told(await client(facts).users.getInfo(token));
  },
  tokenInfo: async (facts) => {
    const { id_token: token } = await signIn(facts);
    return told(await client(facts).tokens.getInfo(token));
  },
  delegated: async (facts) => {
    const { id_token } = await signIn(facts);
    return told(await delegation(facts, { id_token }));
  },
  device: (facts) =>
    signIn(facts, { scope: "openid offline_access", device: "phone" }),
  textMessage: (facts) =>
    client(facts).requestSMSCode({ phone_number: facts.other_phone }),
  code: (facts) => client(facts).verifySMSCode(received(facts)),
  usedCode: (facts) => client(facts).verifySMSCode(received(facts)),

  wrongPassword: (facts) => signIn(facts, { password: "wrong" }),
  unknownUser: (facts) => signIn(facts, { username: facts.ghost }),
  blocked: (facts) => signIn(facts, { username: facts.blocked }),
  leaked: (facts) =>
    signIn(facts, {
      username: facts.leaked,
      password: facts.leaked_password,
    }),
  mfa: (facts) => signIn(facts, { username: facts.mfa }),
  locked: (facts) => signIn(facts, { username: facts.locked }),
  noGrant: (facts) => signIn(facts, {}, client(facts, facts.no_grant)),
  unknownClient: (facts) => signIn(facts, {}, client(facts, "nope")),
  unknownConnection: (facts) => signIn(facts, { connection: "nowhere" }),
  passiveConnection: (facts) => signIn(facts, { connection: facts.passive }),
};

const newer = {
  // Verified with the secret, which the client decodes.
  hs256: (facts) => {
    const clientSecret = facts.hs256_secret;
    return signIn(facts, {}, client(facts, facts.hs256, { clientSecret }));
  },
  hs256WrongSecret: (facts) => {
    const clientSecret = "b3RoZXI";
    return signIn(facts, {}, client(facts, facts.hs256, { clientSecret }));
  },
  deviceRefreshed: async (facts) => {
    const scope = "openid offline_access";
    const { refresh_token } = await signIn(facts, { scope, device: "phone" });
    return delegation(facts, { refresh_token });
  },
  realm: (facts) =>
    exchange(facts, { audience: facts.api, scope: "openid read:x" }),
  refreshed: async (facts) => {
    const scope = "openid read:x offline_access";
    const first = await exchange(facts, { audience: facts.api, scope });
    const { refresh_token } = first;
    const later = await client(facts, facts.oidc).refreshToken({ refresh_token });
    return { first, later };
  },
  secret: (facts) => {
    const clientSecret = facts.secret;
    const application = client(facts, facts.confidential, { clientSecret });
    return application.clientCredentialsGrant({ audience: facts.api });
  },
  realmWrongPassword: (facts) => exchange(facts, { password: "wrong" }),
  realmMfa: (facts) => exchange(facts, { username: facts.mfa }),
};

main((facts) =>
  facts.package === "auth0-2-4" ? both : { ...both, ...newer },
);
