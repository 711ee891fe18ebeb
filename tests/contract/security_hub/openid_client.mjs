// openid-client against the hub: `begin` prints where to send the browser, `finish` does the rest.
import * as oidc from "openid-client";

const [phase, issuer, clientId, clientSecret, given] = process.argv.slice(2);
const options = { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] };
const algorithm = { id_token_signed_response_alg: "ES256" };

if (phase === "begin") {
  const config = await oidc.discovery(new URL(issuer), clientId, algorithm, oidc.ClientSecretPost(clientSecret), options);
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const nonce = oidc.randomNonce();
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: "https://app.example.org/callback",
    scope: "openid email profile offline_access",
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  });
  console.log(JSON.stringify({ url: url.href, verifier, state, nonce }));
} else if (phase === "finish") {
  const { callback, verifier, state, nonce } = JSON.parse(given);
  const how = process.env.CLIENT_AUTH === "basic" ? oidc.ClientSecretBasic : oidc.ClientSecretPost;
  const config = await oidc.discovery(new URL(issuer), clientId, algorithm, how(clientSecret), options);
  const tokens = await oidc.authorizationCodeGrant(config, new URL(callback), {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  const me = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  const seen = await oidc.tokenIntrospection(config, refreshed.access_token);
  await oidc.tokenRevocation(config, refreshed.refresh_token);
  const gone = await oidc.tokenIntrospection(config, refreshed.refresh_token);
  let reuse = "accepted";
  try {
    await oidc.refreshTokenGrant(config, refreshed.refresh_token);
  } catch (error) {
    reuse = error.error;
  }
  const leave = oidc.buildEndSessionUrl(config, { id_token_hint: refreshed.id_token });
  const machine = await oidc.clientCredentialsGrant(config, { scope: "data:read" });
  console.log(JSON.stringify({ claims, me, seen, gone, reuse, leave: leave.href, machine }));
} else if (phase === "refuse") {
  const { callback, verifier, state } = JSON.parse(given);
  const config = await oidc.discovery(new URL(issuer), clientId, algorithm, oidc.ClientSecretPost(clientSecret), options);
  try {
    await oidc.authorizationCodeGrant(config, new URL(callback), { pkceCodeVerifier: verifier, expectedState: state });
    console.log(JSON.stringify({ error: "accepted" }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.error ?? error.code }));
  }
}
