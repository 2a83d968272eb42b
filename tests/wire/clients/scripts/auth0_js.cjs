// auth0-js 7, 8, 9 and 10 as pages use them, each in a browser page of its own; the
// steps of version N begin with `N `.
const { load, page } = require("./auth0_page.cjs");
const { main } = require("./steps.cjs");

/** What a callback of the client is called with. */
const answered = (ask) =>
  new Promise((resolve, reject) => {
    ask((error, answer) => (error ? reject(error) : resolve(answer)));
  });

/** The client of an application on a page, in version 7. */
function old(window, facts, clientID = facts.legacy, more = {}) {
  const Auth0 = load(window, "auth0-js-7");
  const { domain } = facts;
  const callbackURL = `${window.origin}/callback`;
  return new Auth0({ domain, clientID, callbackURL, ...more });
}

/** The same in a later version. */
function later(window, facts, version, clientID = facts.legacy) {
  const auth0 = load(window, `auth0-js-${version}`);
  const { domain } = facts;
  if (version !== "8") return new auth0.Authentication({ domain, clientID });
  return new auth0.WebAuth({ domain, clientID, responseType: "token" }).client;
}

/** alice's sign-in at /oauth/ro, with `more` instead. */
function signIn(client, facts, more = {}) {
  const given = {
    connection: facts.connection,
    username: facts.alice,
    password: facts.password,
    scope: "openid",
    ...more,
  };
  return answered((done) => client.loginWithResourceOwner(given, done));
}

/** alice's sign-in at /oauth/token, with `more` instead. */
function exchange(client, facts, more = {}) {
  const { alice: username, password, connection: realm } = facts;
  const given = { username, password, realm, scope: "openid", ...more };
  return answered((done) => client.login(given, done));
}

/** The steps that every version takes: `open` makes its client of an application. */
const legacy = (facts, open) => ({
  password: () => signIn(open(), facts),
  noScope: () => signIn(open(), facts, { scope: "" }),
  device: () =>
    signIn(open(), facts, { scope: "openid offline_access", device: "phone" }),
  profile: async () => {
    const client = open();
    const { accessToken } = await signIn(client, facts);
    const ask = client.getUserInfo ?? client.userInfo;
    return answered((done) => ask.call(client, accessToken, done));
  },

  wrongPassword: () => signIn(open(), facts, { password: "wrong" }),
  unknownUser: () => signIn(open(), facts, { username: facts.ghost }),
  blocked: () => signIn(open(), facts, { username: facts.blocked }),
  leaked: () =>
    signIn(open(), facts, {
      username: facts.leaked,
      password: facts.leaked_password,
    }),
  mfa: () => signIn(open(), facts, { username: facts.mfa }),
  locked: () => signIn(open(), facts, { username: facts.locked }),
  conformant: () => signIn(open(facts.oidc), facts),
  unknownConnection: () => signIn(open(), facts, { connection: "nowhere" }),
});

/** The steps of version 7 alone. */
const first = (facts, window) => ({
  // `login` goes to /oauth/ro when it has a callback and `sso` is off.
  login: () => {
    const { connection, alice: username, password } = facts;
    const given = { connection, username, password, sso: false, scope: "openid" };
    return answered((done) => old(window, facts).login(given, done));
  },
  spaces: () =>
    signIn(old(window, facts), facts, { username: ` ${facts.alice} ` }),
  // The client names the device `Browser` by itself.
  offline: () =>
    signIn(old(window, facts), facts, { scope: "openid offline_access" }),
  tokenInfo: async () => {
    const client = old(window, facts);
    const { idToken } = await signIn(client, facts);
    return answered((done) => client.getProfile(idToken, done));
  },
  refreshed: async () => {
    const client = old(window, facts);
    const scope = "openid offline_access";
    const { refreshToken } = await signIn(client, facts, { scope });
    return answered((done) => client.refreshToken(refreshToken, done));
  },
});

/** The steps of version 7 at the tenant that answers JSONP. */
const jsonp = (facts, window) => {
  const there = { ...facts, domain: facts.jsonp_domain };
  const open = () => old(window, there, there.legacy, { forceJSONP: true });
  return {
    jsonp: () => signIn(open(), there),
    jsonpWrongPassword: () => signIn(open(), there, { password: "wrong" }),
    jsonpBlocked: () => signIn(open(), there, { username: facts.blocked }),
  };
};

/** The steps of the versions that know /oauth/token. */
const modern = (facts, open) => ({
  realm: () => exchange(open(facts.oidc), facts),
  realmForApi: () =>
    exchange(open(facts.oidc), facts, {
      audience: facts.api,
      scope: "openid read:x",
    }),
  defaultDirectory: () => {
    const { alice: username, password } = facts;
    const given = { username, password, scope: "openid" };
    const client = open(facts.oidc);
    return answered((done) => client.loginWithDefaultDirectory(given, done));
  },
  refreshed: async () => {
    const client = open(facts.oidc);
    const scope = "openid read:x offline_access";
    const given = { audience: facts.api, scope };
    const { refreshToken } = await exchange(client, facts, given);
    const grant = { grantType: "refresh_token", refreshToken };
    return answered((done) => client.oauthToken(grant, done));
  },
  realmWrongPassword: () =>
    exchange(open(facts.oidc), facts, { password: "wrong" }),
  realmMfa: () => exchange(open(facts.oidc), facts, { username: facts.mfa }),
  realmLegacyClient: () => exchange(open(), facts),
});

/** Everything that one version is made to do, by name. */
function stepsOf(facts, version) {
  const window = page(facts.origin);
  const stranger = page("https://stranger.example.test");
  const open = (at) => (clientID) =>
    version === "7"
      ? old(at, facts, clientID)
      : later(at, facts, version, clientID);
  const own =
    version === "7"
      ? { ...first(facts, window), ...jsonp(facts, window) }
      : modern(facts, open(window));
  return {
    ...legacy(facts, open(window)),
    ...own,
    foreignOrigin: () => signIn(open(stranger)(), facts),
  };
}

main((facts) => {
  const steps = {};
  for (const version of ["7", "8", "9", "10"]) {
    for (const [name, step] of Object.entries(stepsOf(facts, version))) {
      steps[`${version} ${name}`] = step;
    }
  }
  return steps;
});
