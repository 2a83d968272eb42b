// An API on express that is shown tokens, good ones and spoilt ones.
const express = require("express");

/** The status and the body that an API answers to one request with a token. */
async function asked(guards, token) {
  const api = express();
  api.get("/", ...guards, (request, response) =>
    response.json(request.auth.payload),
  );
  api.use((error, request, response, next) =>
    response
      .status(error.status ?? 500)
      .set(error.headers ?? {})
      .json({ code: error.code ?? null, message: error.message }),
  );
  const server = api.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    const url = `http://127.0.0.1:${server.address().port}/`;
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    const answer = await fetch(url, { headers });
    return { status: answer.status, body: await answer.json() };
  } finally {
    server.close();
  }
}

/** The token with another signature of the same length. */
function tampered(token) {
  const [header, payload, signature] = token.split(".");
  const bytes = Buffer.from(signature, "base64url");
  bytes[0] ^= 1;
  return [header, payload, bytes.toString("base64url")].join(".");
}

module.exports = { asked, tampered };
