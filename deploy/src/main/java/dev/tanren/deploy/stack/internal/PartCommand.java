package dev.tanren.deploy.stack.internal;

import dev.tanren.storage.objects.Sha256;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// How a process of the stack is started. Secrets are in the environment alone, never in the
/// arguments.
///
/// @param environment the whole environment besides the few variables every program needs
/// @param build changes when the program behind the same command line does
record PartCommand(
        List<String> arguments, Map<String, String> environment, Path folder, String build) {

    private static final List<String> INHERITED =
            List.of("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH");

    PartCommand {
        arguments = List.copyOf(arguments);
        environment = Map.copyOf(environment);
        if (arguments.isEmpty()) {
            throw new IllegalArgumentException("a command without a program");
        }
    }

    /// The variables of this process that every child gets, with those of the command over them.
    Map<String, String> wholeEnvironment() {
        Map<String, String> whole = new TreeMap<>();
        for (String name : INHERITED) {
            String value = System.getenv(name);
            if (value != null) {
                whole.put(name, value);
            }
        }
        whole.putAll(environment);
        return whole;
    }

    /// Equal for two commands that start the same program in the same way.
    String fingerprint() {
        String text =
                String.join("\0", arguments) + "\1" + new TreeMap<>(environment) + "\1" + build;
        return Sha256.of(text).substring(0, 32);
    }

    @Override
    public String toString() {
        return String.join(" ", arguments);
    }
}
