package dev.tanren.deploy.client;

import dev.tanren.deploy.stack.StackFile;
import dev.tanren.deploy.stack.StackStatus;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.util.Map;
import java.util.Optional;

/// The control plane that commands talk to, and the token they show it.
public record Server(URI address, String token) {

    public static final String ADDRESS_VARIABLE = "TANREN_SERVER";
    public static final String TOKEN_VARIABLE = "TANREN_TOKEN";

    /// The one that the environment names, else that of the embedded stack.
    ///
    /// @throws TanrenException `STACK_NOT_RUNNING` when there is neither
    public static Server of(Map<String, String> environment) {
        TanrenHome home = TanrenHome.of(environment);
        String named = environment.getOrDefault(ADDRESS_VARIABLE, "");
        String address = named.isBlank() ? embedded(home) : named;
        return new Server(URI.create(address.replaceFirst("/+$", "")), token(home, environment));
    }

    private static String embedded(TanrenHome home) {
        Optional<StackStatus> status = new StackFile(home).read();
        return status.filter(
                        it ->
                                it.phase() != StackStatus.Phase.STOPPED
                                        && it.phase() != StackStatus.Phase.FAILED)
                .map(StackStatus::console)
                .orElseThrow(
                        () ->
                                new TanrenException(
                                        ErrorCode.STACK_NOT_RUNNING,
                                        "The embedded stack is not running.",
                                        home.stackFile().toString(),
                                        "Start it with ./tanren up --detach, or name a server with "
                                                + ADDRESS_VARIABLE
                                                + " and "
                                                + TOKEN_VARIABLE
                                                + "."));
    }

    private static String token(TanrenHome home, Map<String, String> environment) {
        String named = environment.getOrDefault(TOKEN_VARIABLE, "");
        if (!named.isBlank()) {
            return named;
        }
        try {
            return Files.readString(home.adminToken()).strip();
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.UNAUTHENTICATED,
                    "There is no token to sign in with.",
                    home.adminToken().toString(),
                    "Set " + TOKEN_VARIABLE + ", or start the embedded stack: ./tanren up",
                    e);
        }
    }

    @Override
    public String toString() {
        return "Server[" + address + "]";
    }
}
