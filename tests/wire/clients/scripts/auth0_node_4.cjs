// node-auth0 4 as applications use it; it no longer speaks /oauth/ro.
const { AuthenticationClient, UserInfoClient } = require("auth0-4");
const { main } = require("./steps.cjs");

/** The authentication client of an application, which must have a secret here. */
function client(facts, clientSecret = facts.secret) {
  const { domain, confidential: clientId } = facts;
  return new AuthenticationClient({ domain, clientId, clientSecret });
}

/** The tokens that alice's password brings, with `more` instead. */
async function signIn(facts, more = {}, application = client(facts)) {
  const { data } = await application.oauth.passwordGrant({
    username: facts.alice,
    password: facts.password,
    realm: facts.connection,
    scope: "openid",
    ...more,
  });
  return data;
}

/** The tokens that a code brings. */
async function signInByCode({ phone: phone_number, code, ...facts }) {
  const given = { phone_number, code, scope: "openid" };
  const { data } = await client(facts).passwordless.loginWithSMS(given);
  return data;
}

/** An application's own token, for an API. */
async function ownToken(application, audience) {
  const { data } = await application.oauth.clientCredentialsGrant({ audience });
  return data;
}

main({
  password: (facts) => signIn(facts),
  realm: (facts) =>
    signIn(facts, { audience: facts.api, scope: "openid read:x" }),
  defaultDirectory: (facts) => {
    const { alice: username, password } = facts;
    const given = { username, password, scope: "openid" };
    return client(facts)
      .oauth.passwordGrant(given)
      .then(({ data }) => data);
  },
  noScope: async (facts) => {
    const { alice: username, password, connection: realm } = facts;
    const given = { username, password, realm };
    const { data } = await client(facts).oauth.passwordGrant(given);
    return data;
  },
  profile: async (facts) => {
    const { access_token: token } = await signIn(facts, {
      scope: "openid profile email",
    });
    const { domain } = facts;
    const { data } = await new UserInfoClient({ domain }).getUserInfo(token);
    return data;
  },
  refreshed: async (facts) => {
    const scope = "openid read:x offline_access";
    const first = await signIn(facts, { audience: facts.api, scope });
    const { refresh_token } = first;
    const { data } = await client(facts).oauth.refreshTokenGrant({ refresh_token });
    return { first, later: data };
  },
  revoked: async (facts) => {
    const scope = "openid offline_access";
    const { refresh_token } = await signIn(facts, { audience: facts.api, scope });
    await client(facts).oauth.revokeRefreshToken({ token: refresh_token });
    return client(facts).oauth.refreshTokenGrant({ refresh_token });
  },
  secret: (facts) => ownToken(client(facts), facts.api),
  assertion: (facts) => {
    const application = new AuthenticationClient({
      domain: facts.domain,
      clientId: facts.certificate,
      clientAssertionSigningKey: facts.key_pem,
    });
    return ownToken(application, facts.api);
  },
  textMessage: (facts) => {
    const { other_phone: phone_number } = facts;
    return client(facts).passwordless.sendSMS({ phone_number });
  },
  code: (facts) => signInByCode(facts),
  usedCode: (facts) => signInByCode(facts),
  signedUp: async (facts) => {
    const email = `${crypto.randomUUID()}@example.test`;
    const { connection, password } = facts;
    const given = { email, password, connection };
    const { data } = await client(facts).database.signUp(given);
    return { email, made: data, answer: await signIn(facts, { username: email }) };
  },

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
  // Refused by the client itself: it asks for a credential before it sends anything.
  publicClient: (facts) => {
    const { domain, oidc: clientId } = facts;
    return signIn(facts, {}, new AuthenticationClient({ domain, clientId }));
  },
  garbledRefreshToken: (facts) =>
    client(facts).oauth.refreshTokenGrant({ refresh_token: "garbled" }),
  wrongSecret: (facts) => ownToken(client(facts, "wrong"), facts.api),
  unknownApi: (facts) => ownToken(client(facts), "https://nosuch.test"),
});
