package dev.tanren.deploy.stack.internal;

import dev.tanren.deploy.stack.ProcessIdentity;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;

/// Tells whether a part does its work.
sealed interface Probe {

    Duration TIMEOUT = Duration.ofSeconds(3);

    /// Whether the part works now; may take up to [#TIMEOUT].
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
