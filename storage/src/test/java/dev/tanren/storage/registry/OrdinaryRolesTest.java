package dev.tanren.storage.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.run.Actor;
import dev.tanren.storage.testing.EmbeddedDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A PostgreSQL of one's own, with the roles that `docs/guide.md` proposes.
@Timeout(120)
class OrdinaryRolesTest {

    private static final Pattern SQL = Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL);

    private EmbeddedDatabase database;
    private DatabaseAddress superuser;
    private List<String> proposed;

    @BeforeEach
    void starts() throws Exception {
        database = EmbeddedDatabase.start();
        superuser = database.fresh();
        proposed =
                SQL.matcher(Files.readString(Path.of("../docs/guide.md")))
                        .results()
                        .map(found -> found.group(1))
                        .map(
                                sql ->
                                        sql.replace("…", "p")
                                                .replaceAll("(?m)^(CREATE DAT|\\\\c).*", ""))
                        .toList();
        assertThat(proposed).hasSize(2);
    }

    @AfterEach
    void ends() {
        database.close();
    }

    @Test
    void anOrdinaryRoleThatOwnsItsSchemaIsEnoughAndASecondOneCannotChangeTheAudit()
            throws Exception {
        EmbeddedDatabase.execute(superuser, proposed.getFirst());
        DatabaseAddress owner = as("tanren");
        append(owner, "run.submit");
        EmbeddedDatabase.execute(superuser, proposed.getLast());
        DatabaseAddress application = as("tanren_application");

        append(application, "run.pause");

        for (String statement :
                List.of(
                        "alter table audit disable trigger all",
                        "update audit set actor = 'nobody'",
                        "delete from audit",
                        "truncate audit",
                        "set session_replication_role = replica",
                        "delete from flyway_schema_history",
                        "create table other (id int)")) {
            assertThatThrownBy(() -> execute(application, statement))
                    .as(statement)
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("42501"));
        }
    }

    private static void append(DatabaseAddress address, String action) {
        try (PostgresRegistry registry = PostgresRegistry.connect(address)) {
            Actor ada = new Actor("t-1", "ada", "operator", null);
            registry.audit().append(AuditRecord.of(ada, action, "run/r"));
            assertThat(registry.audit().list("run/r", 10))
                    .extracting(Audit.Entry::action)
                    .contains(action);
            assertThat(registry.runs().open(Duration.ZERO)).isEmpty();
        }
    }

    private DatabaseAddress as(String role) {
        return new DatabaseAddress(superuser.url(), role, "p");
    }

    private static void execute(DatabaseAddress address, String sql) throws SQLException {
        try (Connection connection =
                        DriverManager.getConnection(
                                address.url(), address.user(), address.password());
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
