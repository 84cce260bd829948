package dev.tanren.deploy.stack.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.registry.DatabaseAddress;
import dev.tanren.storage.registry.PostgresRegistry;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/// Who may do what in the embedded database.
///
/// The superuser makes the schema and keeps the audit, to which the application may add and which
/// it may read; every other table is the application's own. So nothing that has the application's
/// password changes or removes a row of the audit, or switches off what refuses that.
///
/// @param superuserPassword known to the supervisor alone
/// @param applicationPassword what the control plane and workers are told
record DatabaseRoles(String url, String superuserPassword, String applicationPassword) {

    static final String SUPERUSER = "tanren";
    static final String APPLICATION = "tanren_application";

    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final String WRONG_PASSWORD = "28P01";

    /// Stay the superuser's.
    private static final List<String> KEPT = List.of("audit", "flyway_schema_history");

    /// Brings schema, roles and owners to what this version wants. Idempotent.
    ///
    /// In a cluster of an earlier version the application was the superuser: it gets a role of its
    /// own with the password that it had, its tables, and the superuser another password.
    ///
    /// @return false where the database does not answer yet
    /// @throws TanrenException `STACK_PART_FAILED` where it answers and refuses
    boolean handOver() {
        try (Connection connection = superuser()) {
            PostgresRegistry.connect(
                            new DatabaseAddress(url, SUPERUSER, superuserPassword), PATIENCE)
                    .close();
            connection.setAutoCommit(false);
            for (String statement : statements(connection)) {
                execute(connection, statement);
            }
            connection.commit();
            return true;
        } catch (SQLException e) {
            if (isNotUpYet(e)) {
                return false;
            }
            throw new TanrenException(
                    ErrorCode.STACK_PART_FAILED,
                    "The database's roles could not be set up: " + e.getMessage(),
                    url,
                    "Read the log of postgres, and that the secrets in TANREN_HOME are those that"
                            + " its data folder was made with.",
                    e);
        }
    }

    /// Classes of states of a server that cannot be reached, lacks resources or just starts.
    private static boolean isNotUpYet(SQLException e) {
        String state = String.valueOf(e.getSQLState());
        return state.startsWith("08") || state.startsWith("53") || state.startsWith("57");
    }

    private Connection superuser() throws SQLException {
        try {
            return connect(superuserPassword);
        } catch (SQLException e) {
            if (!WRONG_PASSWORD.equals(e.getSQLState())) {
                throw e;
            }
        }
        try (Connection former = connect(applicationPassword)) {
            execute(former, "alter role " + SUPERUSER + password(superuserPassword));
        }
        return connect(superuserPassword);
    }

    private Connection connect(String password) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", SUPERUSER);
        properties.setProperty("password", password);
        properties.setProperty("connectTimeout", "2");
        properties.setProperty("socketTimeout", "30");
        return DriverManager.getConnection(url, properties);
    }

    private List<String> statements(Connection connection) throws SQLException {
        boolean known =
                !column(
                                connection,
                                "select rolname from pg_roles where rolname = '"
                                        + APPLICATION
                                        + "'")
                        .isEmpty();
        List<String> statements = new ArrayList<>();
        statements.add(
                (known ? "alter" : "create")
                        + " role "
                        + APPLICATION
                        + " with login nosuperuser nocreatedb nocreaterole noreplication"
                        + " nobypassrls"
                        + password(applicationPassword));
        statements.add("revoke create on schema public from public, " + APPLICATION);
        statements.add("grant usage on schema public to " + APPLICATION);
        for (String table : column(connection, tables())) {
            if (KEPT.contains(table)) {
                statements.add("alter table " + table + " owner to " + SUPERUSER);
                statements.add("revoke all on " + table + " from public, " + APPLICATION);
            } else {
                statements.add("alter table " + table + " owner to " + APPLICATION);
            }
        }
        statements.add("grant select, insert on audit to " + APPLICATION);
        statements.add("grant usage on all sequences in schema public to " + APPLICATION);
        statements.add("grant select on flyway_schema_history to " + APPLICATION);
        return statements;
    }

    /// A sequence goes with the column that it belongs to.
    private static String tables() {
        return "select quote_ident(relname) from pg_class where relnamespace = 'public'::regnamespace"
                + " and relkind in ('r', 'p', 'v', 'm')";
    }

    private static List<String> column(Connection connection, String query) throws SQLException {
        List<String> values = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            while (rows.next()) {
                values.add(rows.getString(1));
            }
        }
        return values;
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String password(String password) {
        return " password '" + password.replace("'", "''") + "'";
    }

    @Override
    public String toString() {
        return "DatabaseRoles[" + url + "]";
    }
}
