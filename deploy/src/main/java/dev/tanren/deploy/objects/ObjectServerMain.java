package dev.tanren.deploy.objects;

import dev.tanren.storage.server.ObjectServer;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/// The object store's process: runs until it is stopped.
public final class ObjectServerMain {

    /// What its file of properties says.
    public static final String FOLDER = "folder";

    public static final String PORT = "port";
    public static final String ACCESS_KEY = "accessKey";
    public static final String SECRET_KEY = "secretKey";

    private ObjectServerMain() {}

    /// @param arguments the file of properties, which holds the credentials and is private
    public static void main(String[] arguments) throws IOException {
        Properties properties = new Properties();
        try (Reader file = Files.newBufferedReader(Path.of(arguments[0]), StandardCharsets.UTF_8)) {
            properties.load(file);
        }
        ObjectServer server =
                ObjectServer.start(
                        Path.of(properties.getProperty(FOLDER)),
                        Integer.parseInt(properties.getProperty(PORT)),
                        properties.getProperty(ACCESS_KEY),
                        properties.getProperty(SECRET_KEY));
        Runtime.getRuntime().addShutdownHook(new Thread(server::close, "stop"));
    }
}
