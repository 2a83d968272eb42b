// Runs the JavaScript snippets of the documentation of Auth0's clients: programs, pages
// with a version of auth0-js on them, and what APIs prove tokens with.
const { asked, tampered } = require("./auth0_api.cjs");
const { load, page } = require("./auth0_page.cjs");
const { main } = require("./steps.cjs");

/** What a program prints. */
function printed(code) {
  return new Promise((resolve, reject) => {
    process.once("unhandledRejection", reject);
    const told = { log: (text) => resolve(text) };
    new Function("require", "console", code)(require, told);
  });
}

/** What a page prints, once auth0-js was loaded into it under the name it has there. */
function shown(facts, code, version) {
  const window = page(facts.origin);
  const client = load(window, `auth0-js-${version}`);
  const name = version === "7" ? "Auth0" : "auth0";
  return new Promise((resolve) => {
    const told = { log: (text) => resolve(text) };
    const names = [name, "PASSWORD", "console"];
    new window.Function(...names, code)(client, facts.password, told);
  });
}

/** What a guard answers. */
const guarded = (code, token) =>
  asked(new Function("require", `${code}\nreturn guard;`)(require), token);

/** What a verifier finds. */
function verified(code, token) {
  const verify = new Function("require", `${code}\nreturn verify;`)(require);
  return new Promise((resolve, reject) =>
    verify(token, (error, claims) => (error ? reject(error) : resolve(claims))),
  );
}

/** The steps of one snippet, by what it is. */
function stepsOf(facts, name, code) {
  const { access_token: token } = facts;
  if (code.includes("const guard = ")) {
    return {
      [`${name} lets in`]: () => guarded(code, token),
      [`${name} keeps out`]: () => guarded(code, tampered(token)),
    };
  }
  if (code.includes("function verify(")) {
    return {
      [`${name} lets in`]: () => verified(code, token),
      [`${name} keeps out`]: () => verified(code, tampered(token)),
    };
  }
  if (code.includes("new Auth0(")) return { [name]: () => shown(facts, code, "7") };
  if (code.includes("new auth0.")) {
    return {
      [`${name} in 9`]: () => shown(facts, code, "9"),
      [`${name} in 10`]: () => shown(facts, code, "10"),
    };
  }
  return { [name]: () => printed(code) };
}

main((facts) =>
  Object.assign(
    {},
    ...Object.entries(facts.snippets).map(([name, code]) =>
      stepsOf(facts, name, code),
    ),
  ),
);
