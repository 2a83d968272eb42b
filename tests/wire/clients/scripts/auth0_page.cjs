// A page of an application in a browser that follows CORS, with auth0-js on it.
const { existsSync, readFileSync } = require("node:fs");
const { createRequire, isBuiltin } = require("node:module");
const { dirname, join, relative } = require("node:path");
const { JSDOM, VirtualConsole } = require("jsdom");

/** A page at `origin`; it runs scripts that it is sent, as JSONP needs. */
function page(origin) {
  const { window } = new JSDOM("<!doctype html><title>application</title>", {
    url: `${origin}/login`,
    runScripts: "dangerously",
    resources: "usable",
    // What a browser prints of a refused request is not what is looked at here.
    virtualConsole: new VirtualConsole(),
  });
  return window;
}

/** The package in the page: its bundle, or its modules where none is published. */
function load(window, name) {
  const bundle = join(folderOf(name), "dist", "auth0.min.js");
  if (!existsSync(bundle)) return modules(window, bundle)(name);
  window.eval(readFileSync(bundle, "utf8"));
  return window.auth0;
}

/** A `require` of the page: CommonJS in its realm, by the `browser` fields. */
function modules(window, from, loaded = new Map()) {
  return (name) => {
    const file = forBrowsers(from, name);
    if (file === null) return {};
    // Only Node can load these, and picks them by itself where it can.
    if (file.endsWith(".mjs")) return createRequire(from)(name);
    if (loaded.has(file)) return loaded.get(file).exports;
    const module = { exports: {} };
    loaded.set(file, module);
    const text = readFileSync(file, "utf8");
    if (file.endsWith(".json")) return (module.exports = JSON.parse(text));
    const run = window.eval(`(function (module, exports, require) {${text}\n})`);
    run(module, module.exports, modules(window, file, loaded));
    return module.exports;
  };
}

/** The file that `from` means by a name, as bundlers take it; null for none. */
function forBrowsers(from, name) {
  const meant = replaced(dirname(from), name);
  if (meant === false || isBuiltin(name)) return null;
  const file = createRequire(from).resolve(meant ?? name);
  const folder = packageOf(dirname(file));
  const own = name.startsWith(".") ? undefined : replaced(folder, ".");
  const other = own ?? replaced(folder, `./${relative(folder, file)}`);
  if (other === false) return null;
  return other === undefined ? file : join(folder, other);
}

/** What the package of a folder has browsers use for a name; "." is the package. */
function replaced(folder, name) {
  const text = readFileSync(join(packageOf(folder), "package.json"));
  const { browser = {} } = JSON.parse(text);
  return typeof browser === "string" ? { ".": browser }[name] : browser[name];
}

function packageOf(folder) {
  const found = existsSync(join(folder, "package.json"));
  return found ? folder : packageOf(dirname(folder));
}

const folderOf = (name) => join(process.env.NODE_PATH, name);

module.exports = { load, page };
