package dev.tanren.deploy.objects;

import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/// The object store's process: runs until it is stopped.
public final class ObjectServerMain {

    private ObjectServerMain() {}

    /// @param arguments the file of properties, which holds the credentials and is private
    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        try (Reader file = Files.newBufferedReader(Path.of(arguments[0]), StandardCharsets.UTF_8)) {
            properties.load(file);
        }
        ObjectServer server = ObjectServer.start(properties);
        Runtime.getRuntime().addShutdownHook(new Thread(server::close, "stop"));
    }
}
