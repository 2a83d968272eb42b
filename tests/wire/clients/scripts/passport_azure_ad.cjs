// passport-azure-ad as the resource server: which of our tokens may come in.
const { BearerStrategy } = require("passport-azure-ad");
const { main } = require("./steps.cjs");

/** What BearerStrategy decides about one request with a token. */
function judged(facts, token, more = {}) {
  const options = {
    identityMetadata: `${facts.base}/contoso.test/v2.0/.well-known/openid-configuration`,
    clientID: facts.tasks_id,
    audience: [facts.tasks_id],
    validateIssuer: true,
    loggingLevel: "fatal",
    loggingNoPII: false,
    ...more,
  };
  const strategy = new BearerStrategy(options, (claims, done) =>
    done(null, { name: claims.preferred_username ?? null }, claims),
  );
  return new Promise((resolve, reject) => {
    strategy.success = (user, claims) => resolve({ user, claims });
    strategy.fail = (challenge) => resolve({ refused: String(challenge) });
    strategy.error = reject;
    strategy.authenticate({ headers: { authorization: `Bearer ${token}` } });
  });
}

/** The same when the resource server's clock is `seconds` ahead. */
async function judgedLater(facts, token, seconds) {
  const now = Date.now;
  Date.now = () => now() + seconds * 1000;
  try {
    return await judged(facts, token);
  } finally {
    Date.now = now;
  }
}

const HOUR = 3600;

main({
  user: (facts) => judged(facts, facts.user_token),
  application: (facts) => judged(facts, facts.application_token),
  scope: (facts) => judged(facts, facts.user_token, { scope: ["Tasks.Read"] }),
  otherScope: (facts) =>
    judged(facts, facts.user_token, { scope: ["Tasks.Write"] }),
  defaultResource: (facts) =>
    judged(facts, facts.graph_token, {
      audience: ["00000003-0000-0000-c000-000000000000"],
      identityMetadata: `${facts.base}/contoso.test/.well-known/openid-configuration`,
    }),
  otherAudience: (facts) => judged(facts, facts.notes_token),
  idToken: (facts) => judged(facts, facts.id_token),
  otherTenant: (facts) =>
    judged(facts, facts.fabrikam_token, {
      audience: [facts.tasks_id, facts.other_tasks_id],
    }),
  foreignSignature: (facts) => judged(facts, facts.forged_token),
  foreignKey: (facts) => judged(facts, facts.unknown_key_token),
  unsigned: (facts) => judged(facts, facts.unsigned_token),
  stillGood: (facts) => judgedLater(facts, facts.user_token, HOUR / 2),
  expired: (facts) => judgedLater(facts, facts.user_token, 2 * HOUR),
});
