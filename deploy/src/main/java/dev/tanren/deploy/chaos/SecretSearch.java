package dev.tanren.deploy.chaos;

import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.objects.StoreScope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/// Looks for secrets in texts and in files.
///
/// @param secrets by their names
record SecretSearch(Map<String, String> secrets) {

    private static final int BLOCK = 1 << 20;

    List<String> named(String text) {
        return secrets.entrySet().stream()
                .filter(secret -> text.contains(secret.getValue()))
                .map(Map.Entry::getKey)
                .toList();
    }

    /// The names of secrets that a file holds, as bytes; of one that has gone meanwhile none.
    List<String> in(Path file) {
        Set<String> found = new TreeSet<>();
        int longest = secrets.values().stream().mapToInt(String::length).max().orElse(0);
        try (var stream = Files.newInputStream(file)) {
            String before = "";
            byte[] block = stream.readNBytes(BLOCK);
            while (block.length > 0) {
                String text = before + new String(block, StandardCharsets.ISO_8859_1);
                found.addAll(named(text));
                before = text.substring(Math.max(0, text.length() - longest));
                block = stream.readNBytes(BLOCK);
            }
        } catch (NoSuchFileException gone) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return List.copyOf(found);
    }

    /// What is wrong with the environment of a rank, which has keys of the object store for its
    /// run, and no secret. One that was not read is wrong, since nothing is known of it.
    ///
    /// @param environ `/proc/PID/environ`
    Stream<String> wrongOfRank(Path environ) {
        String environment;
        try {
            environment = Files.readString(environ, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return Stream.of("not read: " + e);
        }
        String name = StoreAddress.ACCESS_KEY_VARIABLE + "=";
        boolean ofRun =
                Arrays.stream(environment.split("\0", -1))
                        .filter(variable -> variable.startsWith(name))
                        .anyMatch(
                                variable ->
                                        StoreScope.of(variable.substring(name.length()))
                                                .isPresent());
        Stream<String> keys = ofRun ? Stream.of() : Stream.of(environ + " has no key of a run");
        return Stream.concat(
                keys, named(environment).stream().map(secret -> environ + " has " + secret));
    }
}
