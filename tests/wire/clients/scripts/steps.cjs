// What a script of a Node client is made of: named steps, one JSON answer.

/** Take every step, in order, and print what it gave or raised.
 *
 * `given` are the steps, or what makes them of the facts.
 */
async function main(given) {
  let text = "";
  for await (const part of process.stdin) text += part;
  const facts = JSON.parse(text);
  const steps = typeof given === "function" ? given(facts) : given;
  const outcomes = {};
  for (const [name, step] of Object.entries(steps)) {
    try {
      outcomes[name] = { gave: (await step(facts)) ?? null };
    } catch (error) {
      outcomes[name] = { raised: told(error) };
    }
  }
  // Connections that a client keeps alive would keep this process, too.
  process.stdout.write(`${JSON.stringify(outcomes)}\n`, () => process.exit());
}

/** An error as the tests look at it. */
function told(error) {
  const bases = [];
  for (let kind = error; kind; kind = Object.getPrototypeOf(kind)) {
    bases.push(kind.constructor.name);
  }
  return {
    type: error.constructor.name,
    bases,
    text: String(error.message),
    code: error.errorCode ?? error.code ?? null,
    suberror: error.subError ?? null,
    correlation_id: error.correlationId ?? null,
    error_response: error.errorResponse ?? null,
    members: plain(error),
    details: error.details ?? null,
    trace: String(error.stack).split("\n").slice(0, 8),
  };
}

/** The members of an error that JSON can tell, its own name and message among them. */
function plain(error) {
  const { name, message } = error;
  const told = Object.entries(error).filter(
    ([, value]) => value === null || typeof value !== "object",
  );
  return { name, message, ...Object.fromEntries(told) };
}

module.exports = { main };
