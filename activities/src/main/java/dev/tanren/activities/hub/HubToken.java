package dev.tanren.activities.hub;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// The reference to the Hub's access token: the name of the environment variable that holds it. The
/// token itself is read for each request and kept nowhere.
public final class HubToken {

    public static final String VARIABLE = "TANREN_HUB_TOKEN";

    private static final Pattern PRINTABLE = Pattern.compile("[!-~]+");

    private final Map<String, String> environment;

    public HubToken(Map<String, String> environment) {
        this.environment = environment;
    }

    /// The value of an `Authorization` header.
    ///
    /// @return empty where no token is set
    /// @throws TanrenException `USAGE`, without the token, where it has characters that no
    ///     token has
    public Optional<String> authorization() {
        String token = environment.getOrDefault(VARIABLE, "").strip();
        if (token.isEmpty()) {
            return Optional.empty();
        }
        // Checked here because the HTTP client would quote it in its own exception.
        if (!PRINTABLE.matcher(token).matches()) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "the token has spaces or characters outside ASCII",
                    VARIABLE,
                    "Set it to the token alone.");
        }
        return Optional.of("Bearer " + token);
    }

    @Override
    public String toString() {
        return "HubToken[" + VARIABLE + "]";
    }
}
