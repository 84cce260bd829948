package dev.tanren.controlplane.security;

import jakarta.ws.rs.core.NewCookie;

/// The names of the console's cookies.
///
/// Browsers keep cookies by host alone, so the port that they called is in the name: two stacks on
/// one host do not sign each other out. Over https the prefix has the browser see to it that they
/// come from this host, and over https.
///
/// @param session the secret, which no script reads
/// @param csrf what a page sends back with requests that change something
record SessionCookies(String session, String csrf, boolean secure) {

    static SessionCookies of(Client client) {
        String prefix = client.secure() ? "__Host-" : "";
        return new SessionCookies(
                prefix + "tanren_session_" + client.port(),
                prefix + "tanren_csrf_" + client.port(),
                client.secure());
    }

    /// @param seconds that they live; 0 ends them
    NewCookie[] with(String secret, String csrfValue, int seconds) {
        return new NewCookie[] {
            cookie(session, secret, seconds, true), cookie(csrf, csrfValue, seconds, false)
        };
    }

    private NewCookie cookie(String name, String value, int seconds, boolean httpOnly) {
        return new NewCookie.Builder(name)
                .value(value)
                .path("/")
                .maxAge(seconds)
                .httpOnly(httpOnly)
                .secure(secure)
                .sameSite(NewCookie.SameSite.STRICT)
                .build();
    }
}
