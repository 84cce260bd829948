package dev.tanren.deploy.stack.internal;

import dev.tanren.deploy.stack.ProcessIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;

/// Tells whether a part does its work.
sealed interface Probe {

    Duration TIMEOUT = Duration.ofSeconds(3);

    /// Whether the part works now; may take up to [#TIMEOUT], and longer the first time.
    boolean works(ProcessIdentity process);

    /// Living is all that is asked.
    record Alive() implements Probe {
        @Override
        public boolean works(ProcessIdentity process) {
            return true;
        }
    }

    /// Answers HTTP with a status below `limit`.
    record Http(HttpClient client, URI address, int limit) implements Probe {
        @Override
        public boolean works(ProcessIdentity process) {
            try {
                HttpRequest request =
                        HttpRequest.newBuilder(address).timeout(TIMEOUT).GET().build();
                return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode()
                        < limit;
            } catch (IOException e) {
                return false;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
    }

    /// Answers HTTP with status 200 where it is asked by a name that is not the one of its address.
    record NamedHttp(int port, String name, String path) implements Probe {

        private static final String OK = "HTTP/1.1 200 ";

        @Override
        public boolean works(ProcessIdentity process) {
            int millis = (int) TIMEOUT.toMillis();
            try (Socket socket = new Socket()) {
                socket.connect(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), port), millis);
                socket.setSoTimeout(millis);
                socket.getOutputStream().write(request());
                byte[] answer = socket.getInputStream().readNBytes(OK.length());
                return new String(answer, StandardCharsets.US_ASCII).equals(OK);
            } catch (IOException e) {
                return false;
            }
        }

        private byte[] request() {
            return "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
                    .formatted(path, name)
                    .getBytes(StandardCharsets.US_ASCII);
        }
    }

    /// The database's roles are as they should be, and then what `next` asks.
    ///
    /// @param done whether that was seen to by this supervisor
    record HandedOver(DatabaseRoles roles, Probe next, AtomicBoolean done) implements Probe {
        @Override
        public boolean works(ProcessIdentity process) {
            if (!done.get() && roles.handOver()) {
                done.set(true);
            }
            return done.get() && next.works(process);
        }
    }

    /// A query on the database answers with a first row that is true.
    ///
    /// @param question in which `:pid` stands for the id of the part's process
    record Database(String url, String user, String password, String question) implements Probe {
        @Override
        public boolean works(ProcessIdentity process) {
            Properties properties = new Properties();
            properties.setProperty("user", user);
            properties.setProperty("password", password);
            properties.setProperty("connectTimeout", "2");
            properties.setProperty("socketTimeout", "3");
            try (Connection connection = DriverManager.getConnection(url, properties);
                    Statement statement = connection.createStatement();
                    ResultSet rows =
                            statement.executeQuery(
                                    question.replace(":pid", Long.toString(process.pid())))) {
                return rows.next() && rows.getBoolean(1);
            } catch (SQLException e) {
                return false;
            }
        }

        @Override
        public String toString() {
            return "Database[" + url + "]";
        }
    }
}
