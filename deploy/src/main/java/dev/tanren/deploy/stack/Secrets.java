package dev.tanren.deploy.stack;

import dev.tanren.deploy.stack.internal.PrivateFiles;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// What the parts of the embedded stack know each other by; generated once for a home.
///
/// @param databasePassword of the role that the control plane and workers have in the database
/// @param superuserPassword of the database's superuser, which the supervisor alone is
/// @param adminToken what people and the command line sign in with
/// @param payloadKeys what is written into Temporal is sealed with, as `ID:KEY`; of several,
///     separated by commas, the first one seals and all open
public record Secrets(
        String databasePassword,
        String superuserPassword,
        String accessKey,
        String secretKey,
        String adminToken,
        String payloadKeys) {

    private static final int BYTES = 24;
    private static final int KEY_BYTES = 32;
    private static final SecureRandom RANDOM = new SecureRandom();

    public Secrets {
        if (databasePassword.isBlank()
                || superuserPassword.isBlank()
                || accessKey.isBlank()
                || secretKey.isBlank()
                || adminToken.isBlank()
                || payloadKeys.isBlank()) {
            throw new IllegalArgumentException("a secret of the embedded stack is empty");
        }
    }

    /// Reads those of a home, or generates and keeps them in files of mode 600. A home of an
    /// earlier version gets those that it lacks.
    public static Secrets of(TanrenHome home) {
        try {
            PrivateFiles.folder(home.folder());
            Kept kept = Kept.in(home);
            Secrets secrets = kept.completed();
            if (!kept.equals(Kept.of(secrets))) {
                PrivateFiles.write(home.secretsFile(), Json.write(secrets));
            }
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
                Kept next = Kept.in(home).withAdminToken(adminToken);
                PrivateFiles.write(home.secretsFile(), Json.write(next));
            }
            PrivateFiles.write(home.adminToken(), adminToken + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What stands in the file, of which each may be missing.
    private record Kept(
            @Nullable String databasePassword,
            @Nullable String superuserPassword,
            @Nullable String accessKey,
            @Nullable String secretKey,
            @Nullable String adminToken,
            @Nullable String payloadKeys) {

        static Kept in(TanrenHome home) throws IOException {
            return Files.exists(home.secretsFile())
                    ? Json.read(Files.readString(home.secretsFile()), Kept.class)
                    : new Kept(null, null, null, null, null, null);
        }

        static Kept of(Secrets secrets) {
            return new Kept(
                    secrets.databasePassword,
                    secrets.superuserPassword,
                    secrets.accessKey,
                    secrets.secretKey,
                    secrets.adminToken,
                    secrets.payloadKeys);
        }

        Kept withAdminToken(String token) {
            return new Kept(
                    databasePassword, superuserPassword, accessKey, secretKey, token, payloadKeys);
        }

        Secrets completed() {
            return new Secrets(
                    orNew(databasePassword, ""),
                    orNew(superuserPassword, ""),
                    orNew(accessKey, ""),
                    orNew(secretKey, ""),
                    orNew(adminToken, "tnr_"),
                    payloadKeys == null ? "local:" + word(KEY_BYTES) : payloadKeys);
        }

        private static String orNew(@Nullable String kept, String prefix) {
            return kept == null ? prefix + word(BYTES) : kept;
        }

        @Override
        public String toString() {
            return "Kept[…]";
        }
    }

    private static String word(int length) {
        byte[] bytes = new byte[length];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    @Override
    public String toString() {
        return "Secrets[…]";
    }
}
