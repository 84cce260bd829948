package dev.tanren.deploy.stack;

import dev.tanren.deploy.stack.internal.PrivateFiles;
import dev.tanren.spec.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.util.HexFormat;

/// What the parts of the embedded stack know each other by; generated once for a home.
///
/// @param adminToken what people and the command line sign in with
public record Secrets(
        String databasePassword, String accessKey, String secretKey, String adminToken) {

    private static final int BYTES = 24;

    public Secrets {
        if (databasePassword.isBlank()
                || accessKey.isBlank()
                || secretKey.isBlank()
                || adminToken.isBlank()) {
            throw new IllegalArgumentException("a secret of the embedded stack is empty");
        }
    }

    /// Reads those of a home, or generates and keeps them in files of mode 600.
    public static Secrets of(TanrenHome home) {
        try {
            PrivateFiles.folder(home.folder());
            if (!Files.exists(home.secretsFile())) {
                SecureRandom random = new SecureRandom();
                Secrets made =
                        new Secrets(
                                word(random), word(random), word(random), "tnr_" + word(random));
                PrivateFiles.write(home.secretsFile(), Json.write(made));
            }
            Secrets secrets = Json.read(Files.readString(home.secretsFile()), Secrets.class);
            PrivateFiles.write(home.adminToken(), secrets.adminToken() + "\n");
            return secrets;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Keeps the administrator's new token, for commands and for the next start of the stack. The
    /// running one knows it from the database.
    public static void keepAdminToken(TanrenHome home, String adminToken) {
        try {
            if (Files.exists(home.secretsFile())) {
                Secrets old = Json.read(Files.readString(home.secretsFile()), Secrets.class);
                Secrets next =
                        new Secrets(
                                old.databasePassword(),
                                old.accessKey(),
                                old.secretKey(),
                                adminToken);
                PrivateFiles.write(home.secretsFile(), Json.write(next));
            }
            PrivateFiles.write(home.adminToken(), adminToken + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String word(SecureRandom random) {
        byte[] bytes = new byte[BYTES];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    @Override
    public String toString() {
        return "Secrets[…]";
    }
}
