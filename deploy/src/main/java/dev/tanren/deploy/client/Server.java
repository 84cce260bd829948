package dev.tanren.deploy.client;

import dev.tanren.deploy.stack.StackFile;
import dev.tanren.deploy.stack.StackStatus;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The control plane that commands talk to, and the token they show it.
///
/// A token goes to the address that it was made for alone: that of the embedded stack to the
/// stack's own address, any other where `TANREN_TOKEN` is set for it; and over plain http no
/// further than this machine.
public record Server(URI address, String token) {

    public static final String ADDRESS_VARIABLE = "TANREN_SERVER";
    public static final String TOKEN_VARIABLE = "TANREN_TOKEN";

    private static final Pattern LOOPBACK =
            Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[::1]", Pattern.CASE_INSENSITIVE);

    /// @throws TanrenException `TOKEN_EXPOSED` where the token would go over a network as it is
    public Server {
        if (!"https".equalsIgnoreCase(address.getScheme())
                && !LOOPBACK.matcher(String.valueOf(address.getHost())).matches()) {
            throw new TanrenException(
                    ErrorCode.TOKEN_EXPOSED,
                    "The token is not sent over plain http to another machine, where anyone on the"
                            + " way could read it.",
                    address.toString(),
                    "Name the server by https, or reach it through a tunnel:"
                            + " ssh -L 7420:127.0.0.1:7420 HOST and "
                            + ADDRESS_VARIABLE
                            + "=http://127.0.0.1:7420");
        }
    }

    /// The one that the environment names, else that of the embedded stack.
    ///
    /// @throws TanrenException `STACK_NOT_RUNNING` when there is neither; `USAGE` where the name is
    ///     no address; `UNAUTHENTICATED` without a token for it; `TOKEN_EXPOSED`
    public static Server of(Map<String, String> environment) {
        TanrenHome home = TanrenHome.of(environment);
        String named = environment.getOrDefault(ADDRESS_VARIABLE, "");
        String token = environment.getOrDefault(TOKEN_VARIABLE, "");
        if (named.isBlank()) {
            return token.isBlank()
                    ? ofStack(environment)
                    : new Server(embedded(home), token.strip());
        }
        URI address = address(named);
        if (!token.isBlank()) {
            return new Server(address, token.strip());
        }
        if (consoleOf(home).filter(own -> sameServer(own, address)).isPresent()) {
            return new Server(address, localToken(home));
        }
        throw new TanrenException(
                ErrorCode.UNAUTHENTICATED,
                "There is no token for this server; that of the embedded stack is for the stack"
                        + " alone.",
                address.toString(),
                "Set " + TOKEN_VARIABLE + " to a token of that server.");
    }

    /// Whether [#of] gives the embedded stack of this user's own home.
    public static boolean isOfStack(Map<String, String> environment) {
        String named = environment.getOrDefault(ADDRESS_VARIABLE, "");
        return named.isBlank()
                || consoleOf(TanrenHome.of(environment))
                        .filter(own -> sameServer(own, address(named)))
                        .isPresent();
    }

    /// The embedded stack's, whatever the environment names.
    ///
    /// @throws TanrenException `STACK_NOT_RUNNING`; `UNAUTHENTICATED` where its token is gone
    public static Server ofStack(Map<String, String> environment) {
        TanrenHome home = TanrenHome.of(environment);
        return new Server(embedded(home), localToken(home));
    }

    private static URI address(String named) {
        URI address;
        try {
            address = new URI(named.strip().replaceFirst("/+$", ""));
        } catch (URISyntaxException e) {
            throw noAddress(named, e);
        }
        if (!List.of("http", "https").contains(lower(address.getScheme()))
                || address.getHost() == null) {
            throw noAddress(named, null);
        }
        return address;
    }

    private static TanrenException noAddress(String named, @Nullable Exception cause) {
        return new TanrenException(
                ErrorCode.USAGE,
                ADDRESS_VARIABLE + " is no address of a server, with scheme and host.",
                named,
                "Write it with its scheme, such as https://tanren.example.org or"
                        + " http://127.0.0.1:7420.",
                cause);
    }

    private static String lower(@Nullable String text) {
        return text == null ? "" : text.toLowerCase(Locale.ROOT);
    }

    private static boolean sameServer(URI one, URI other) {
        return lower(one.getScheme()).equals(lower(other.getScheme()))
                && lower(one.getHost()).equals(lower(other.getHost()))
                && one.getPort() == other.getPort();
    }

    private static Optional<URI> consoleOf(TanrenHome home) {
        return new StackFile(home)
                .read()
                .filter(
                        it ->
                                it.phase() != StackStatus.Phase.STOPPED
                                        && it.phase() != StackStatus.Phase.FAILED)
                .map(status -> URI.create(status.console()));
    }

    private static URI embedded(TanrenHome home) {
        return consoleOf(home)
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

    private static String localToken(TanrenHome home) {
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
