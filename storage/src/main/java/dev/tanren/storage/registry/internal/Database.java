package dev.tanren.storage.registry.internal;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.registry.DatabaseAddress;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.flywaydb.core.Flyway;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.HandleConsumer;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.SqlLogger;
import org.jdbi.v3.core.statement.StatementContext;
import org.jspecify.annotations.Nullable;

/// The connection pool, and the one place that decides what is tried again.
public final class Database implements AutoCloseable {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);
    private static final Duration LONGEST_WAIT_FOR_CONNECTION = Duration.ofSeconds(3);
    private static final int POOL_SIZE = 10;

    /// A process that hangs in the middle of a transaction must not keep others from the rows it
    /// holds. Shorter than any heartbeat timeout: whoever takes over finds the rows free.
    private static final String UNDO_WHAT_HANGS = "set idle_in_transaction_session_timeout = '5s'";

    /// Classes of states in which the same call may succeed later: no connection, a transaction
    /// that the server does not take now or undid, too few resources, an object in use, an operator
    /// who intervened, an error of the server's machine.
    private static final Set<String> TRANSIENT_CLASSES =
            Set.of("08", "25", "40", "53", "55", "57", "58");

    /// A statement that was prepared on the server before, of which the one that has taken over
    /// knows nothing.
    private static final String UNKNOWN_STATEMENT = "26000";

    /// The server has become a standby, or is one: others may take over at the same address.
    private static final String READ_ONLY = "25006";

    private static final String DISK_FULL = "53100";

    /// The socket's timeout is for a server that is gone without a word.
    private static final Map<String, String> CONNECTION =
            Map.of(
                    "ApplicationName", "tanren",
                    "tcpKeepAlive", "true",
                    "connectTimeout", "3",
                    "socketTimeout", "30");

    private final DatabaseAddress address;
    private final Duration patience;
    private final HikariDataSource pool;
    private final Jdbi jdbi;

    public Database(DatabaseAddress address, Duration patience) {
        this(address, patience, sql -> {});
    }

    /// @param statements is told every statement before it is sent
    public Database(DatabaseAddress address, Duration patience, Consumer<String> statements) {
        this.address = address;
        this.patience = patience;
        this.pool = new HikariDataSource(configuration(address, patience));
        this.jdbi = Jdbi.create(pool).registerArgument(new TextArgument());
        jdbi.setSqlLogger(
                new SqlLogger() {
                    @Override
                    public void logBeforeExecution(StatementContext context) {
                        statements.accept(context.getRawSql());
                    }
                });
    }

    private static HikariConfig configuration(DatabaseAddress address, Duration patience) {
        HikariConfig configuration = new HikariConfig();
        configuration.setPoolName("registry");
        configuration.setJdbcUrl(address.url());
        configuration.setUsername(address.user());
        configuration.setPassword(address.password());
        configuration.setDriverClassName("org.postgresql.Driver");
        configuration.setMaximumPoolSize(POOL_SIZE);
        configuration.setMinimumIdle(1);
        long wait = Math.min(patience.toMillis(), LONGEST_WAIT_FOR_CONNECTION.toMillis());
        configuration.setConnectionTimeout(Math.max(250, wait));
        configuration.setValidationTimeout(Math.max(250, Math.min(2_000, wait)));
        configuration.setInitializationFailTimeout(-1);
        configuration.setConnectionInitSql(UNDO_WHAT_HANGS);
        CONNECTION.forEach(configuration::addDataSourceProperty);
        return configuration;
    }

    /// Applies the migrations. Flyway holds an advisory lock meanwhile, so concurrent starts wait
    /// for each other; the transaction that holds it is idle, so its connection is not of the pool.
    public void migrate() {
        ridingOut(
                () ->
                        Flyway.configure(Database.class.getClassLoader())
                                .dataSource(address.url(), address.user(), address.password())
                                .jdbcProperties(CONNECTION)
                                .locations("classpath:db/migration")
                                .load()
                                .migrate());
    }

    /// Runs `work` in a transaction; again when the connection is lost.
    public <T extends @Nullable Object> T call(HandleCallback<T, RuntimeException> work) {
        return ridingOut(() -> jdbi.inTransaction(work));
    }

    /// Runs `work` in a transaction; again when the connection is lost.
    public void run(HandleConsumer<RuntimeException> work) {
        ridingOut(
                () -> {
                    jdbi.useTransaction(work);
                    return true;
                });
    }

    /// Does `work` while a connection of its own holds the advisory lock of this name, or not where
    /// another holds it.
    public boolean exclusively(String name, Runnable work) {
        try (Handle handle = ridingOut(jdbi::open)) {
            boolean mine =
                    handle.createQuery("select pg_try_advisory_lock(hashtext(:name))")
                            .bind("name", name)
                            .mapTo(Boolean.class)
                            .one();
            if (mine) {
                try {
                    work.run();
                } finally {
                    handle.createQuery("select pg_advisory_unlock(hashtext(:name))")
                            .bind("name", name)
                            .mapTo(Boolean.class)
                            .one();
                }
            }
            return mine;
        }
    }

    public void ping() {
        try {
            jdbi.useHandle(handle -> handle.execute("select 1"));
        } catch (RuntimeException e) {
            throw unreachable(e);
        }
    }

    private <T extends @Nullable Object> T ridingOut(Supplier<T> work) {
        long deadline = System.nanoTime() + patience.toNanos();
        long pauseMillis = FIRST_PAUSE.toMillis();
        while (true) {
            try {
                return work.get();
            } catch (TanrenException e) {
                throw e;
            } catch (RuntimeException e) {
                SQLException cause = sqlCause(e);
                if (cause != null && DISK_FULL.equals(cause.getSQLState())) {
                    throw full(e);
                }
                if (cause == null || !isTransient(cause)) {
                    throw e;
                }
                if (READ_ONLY.equals(cause.getSQLState())) {
                    // Connections to a former primary live on; new ones find the primary of now.
                    pool.getHikariPoolMXBean().softEvictConnections();
                }
                long left = (deadline - System.nanoTime()) / 1_000_000;
                if (left <= 0 || pool.isClosed()) {
                    throw unreachable(e);
                }
                sleep(Math.min(left, jittered(pauseMillis)), e);
                pauseMillis = Math.min(LONGEST_PAUSE.toMillis(), pauseMillis * 2);
            }
        }
    }

    private static @Nullable SQLException sqlCause(Throwable thrown) {
        SQLException found = null;
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if (t instanceof SQLException sql) {
                found = sql;
                if (isTransient(sql) || DISK_FULL.equals(sql.getSQLState())) {
                    return sql;
                }
            }
        }
        return found;
    }

    private static boolean isTransient(SQLException e) {
        String state = e.getSQLState();
        return e instanceof SQLTransientConnectionException
                || UNKNOWN_STATEMENT.equals(state)
                || (state != null
                        && state.length() == 5
                        && TRANSIENT_CLASSES.contains(state.substring(0, 2)));
    }

    private static long jittered(long millis) {
        return millis / 2 + ThreadLocalRandom.current().nextLong(millis / 2 + 1);
    }

    private void sleep(long millis, RuntimeException reason) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unreachable(reason);
        }
    }

    private TanrenException unreachable(RuntimeException cause) {
        return new TanrenException(
                ErrorCode.DATABASE_UNREACHABLE,
                "the database does not answer",
                address.shown(),
                "see that PostgreSQL runs, that the address, user and password are right, and that"
                        + " it has connections to spare",
                cause);
    }

    private TanrenException full(RuntimeException cause) {
        return new TanrenException(
                ErrorCode.DATABASE_FULL,
                "the database's disk is full",
                address.shown(),
                "make room on the database's disk; what was being written is undone and can be"
                        + " tried again",
                cause);
    }

    @Override
    public void close() {
        pool.close();
    }
}
