package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.deploy.stack.Secrets;
import dev.tanren.deploy.stack.TanrenHome;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "token",
        mixinStandardHelpOptions = true,
        description = "The token that commands sign in with.",
        subcommands = TokenCommand.Rotate.class)
final class TokenCommand {

    private TokenCommand() {}

    @Command(
            name = "rotate",
            mixinStandardHelpOptions = true,
            description =
                    "Gives the token a new secret; the old one and its sessions end at once. That of"
                            + " the embedded stack is kept in its folder; one of TANREN_TOKEN is"
                            + " printed, this once.")
    static final class Rotate implements Callable<Integer> {

        private final Terminal terminal;

        @Mixin private OutputOptions output;

        Rotate(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            Server server = Server.of(terminal.environment());
            JsonNode issued = new ApiClient(server).post("/tokens/self/rotate", null, Map.of());
            boolean named =
                    !terminal.environment().getOrDefault(Server.TOKEN_VARIABLE, "").isBlank();
            if (!named) {
                keep(TanrenHome.of(terminal.environment()), issued.path("token").asText());
            } else if (output.form() == OutputOptions.Form.TABLE) {
                print(issued.path("token").asText());
            }
            if (output.form() != OutputOptions.Form.TABLE) {
                output.data(terminal, issued);
            }
            return Exit.OK;
        }

        private void keep(TanrenHome home, String secret) {
            try {
                Secrets.keepAdminToken(home, secret);
            } catch (UncheckedIOException e) {
                // It is valid already and cannot be had again.
                print(secret);
                throw e;
            }
            terminal.say("token:   " + home.adminToken());
        }

        private void print(String secret) {
            terminal.out().println(secret);
            terminal.out().flush();
        }
    }
}
