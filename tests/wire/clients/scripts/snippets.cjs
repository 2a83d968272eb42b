// Runs the JavaScript snippets of the documentation; each prints a token, or leaves a
// `guard` (passport) that is then asked to let requests in.
const { main } = require("./steps.cjs");

/** What a snippet prints, run as a program of its own. */
function printed(code) {
  return new Promise((resolve, reject) => {
    process.once("unhandledRejection", reject);
    const told = { log: (text) => resolve(text) };
    new Function("require", "console", code)(require, told);
  });
}

/** Whom the guard of a snippet lets in, or the status it answers. */
function guarded(code, token) {
  const guard = new Function("require", `${code}\nreturn guard;`)(require);
  return new Promise((resolve, reject) => {
    const request = { headers: { authorization: `Bearer ${token}` } };
    const response = {
      setHeader: () => undefined,
      end: () => resolve({ status: response.statusCode }),
    };
    guard(request, response, (error) =>
      error ? reject(error) : resolve({ user: request.user }),
    );
  });
}

main(({ snippets, user_token: token }) => {
  const steps = {};
  for (const [name, code] of Object.entries(snippets)) {
    if (code.includes("const guard = ")) {
      steps[`${name} lets in`] = () => guarded(code, token);
      steps[`${name} keeps out`] = () => guarded(code, `${token}x`);
    } else {
      steps[name] = () => printed(code);
    }
  }
  return steps;
});
