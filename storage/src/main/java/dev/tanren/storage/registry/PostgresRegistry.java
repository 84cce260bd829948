package dev.tanren.storage.registry;

import dev.tanren.storage.registry.internal.Database;
import dev.tanren.storage.registry.internal.PostgresAcknowledgements;
import dev.tanren.storage.registry.internal.PostgresAttempts;
import dev.tanren.storage.registry.internal.PostgresAudit;
import dev.tanren.storage.registry.internal.PostgresCheckpoints;
import dev.tanren.storage.registry.internal.PostgresEvents;
import dev.tanren.storage.registry.internal.PostgresIdempotencyKeys;
import dev.tanren.storage.registry.internal.PostgresMetrics;
import dev.tanren.storage.registry.internal.PostgresRemovals;
import dev.tanren.storage.registry.internal.PostgresRunInputs;
import dev.tanren.storage.registry.internal.PostgresRunRequests;
import dev.tanren.storage.registry.internal.PostgresRuns;
import dev.tanren.storage.registry.internal.PostgresSessions;
import dev.tanren.storage.registry.internal.PostgresTokens;
import dev.tanren.storage.registry.internal.PostgresWorkers;
import java.time.Duration;
import java.util.function.Consumer;

/// The registry in PostgreSQL.
///
/// Every call rides out lost connections for a bounded time and then throws `DATABASE_UNREACHABLE`;
/// a full disk is `DATABASE_FULL` at once. A call whose connection broke while it committed is made
/// again: all of them are idempotent, except [Audit#append] and [Events#append] without a key,
/// which may then be stored twice.
public final class PostgresRegistry implements Registry {

    /// How long a worker's calls ride out an outage.
    public static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(30);

    private final Database database;
    private final Runs runs;
    private final RunRequests runRequests;
    private final RunInputs inputs;
    private final Acknowledgements acknowledgements;
    private final Attempts attempts;
    private final Checkpoints checkpoints;
    private final Metrics metrics;
    private final Events events;
    private final Audit audit;
    private final Tokens tokens;
    private final Sessions sessions;
    private final Workers workers;
    private final IdempotencyKeys idempotencyKeys;
    private final Removals removals;

    private PostgresRegistry(Database database) {
        this.database = database;
        runs = new PostgresRuns(database);
        runRequests = new PostgresRunRequests(database);
        inputs = new PostgresRunInputs(database);
        acknowledgements = new PostgresAcknowledgements(database);
        attempts = new PostgresAttempts(database);
        checkpoints = new PostgresCheckpoints(database);
        metrics = new PostgresMetrics(database);
        events = new PostgresEvents(database);
        audit = new PostgresAudit(database);
        tokens = new PostgresTokens(database);
        sessions = new PostgresSessions(database);
        workers = new PostgresWorkers(database);
        idempotencyKeys = new PostgresIdempotencyKeys(database);
        removals = new PostgresRemovals(database);
    }

    /// Connects and brings the schema up to date. Any number of processes may do so at once.
    ///
    /// @throws dev.tanren.plan.error.TanrenException `DATABASE_UNREACHABLE` when it does not answer
    ///     within [#DEFAULT_PATIENCE]
    public static PostgresRegistry connect(DatabaseAddress address) {
        return connect(address, DEFAULT_PATIENCE);
    }

    /// @param patience how long each call, and this one, rides out an outage
    public static PostgresRegistry connect(DatabaseAddress address, Duration patience) {
        return connect(address, patience, sql -> {});
    }

    /// @param statements is told every statement before it is sent, by whichever thread sends it
    public static PostgresRegistry connect(
            DatabaseAddress address, Duration patience, Consumer<String> statements) {
        Database database = new Database(address, patience, statements);
        try {
            database.migrate();
        } catch (RuntimeException e) {
            database.close();
            throw e;
        }
        return new PostgresRegistry(database);
    }

    /// Asks the database for one row, without riding anything out.
    ///
    /// @throws dev.tanren.plan.error.TanrenException `DATABASE_UNREACHABLE`
    public void ping() {
        database.ping();
    }

    /// Does `work` unless another process that shares this database is at work of the same name.
    ///
    /// Not a fence: where the connection that holds the name breaks, another may begin meanwhile.
    ///
    /// @return whether it was done
    public boolean exclusively(String name, Runnable work) {
        return database.exclusively(name, work);
    }

    @Override
    public Runs runs() {
        return runs;
    }

    @Override
    public RunRequests runRequests() {
        return runRequests;
    }

    @Override
    public RunInputs inputs() {
        return inputs;
    }

    @Override
    public Acknowledgements acknowledgements() {
        return acknowledgements;
    }

    @Override
    public Attempts attempts() {
        return attempts;
    }

    @Override
    public Checkpoints checkpoints() {
        return checkpoints;
    }

    @Override
    public Metrics metrics() {
        return metrics;
    }

    @Override
    public Events events() {
        return events;
    }

    @Override
    public Audit audit() {
        return audit;
    }

    @Override
    public Tokens tokens() {
        return tokens;
    }

    @Override
    public Sessions sessions() {
        return sessions;
    }

    @Override
    public Workers workers() {
        return workers;
    }

    @Override
    public IdempotencyKeys idempotencyKeys() {
        return idempotencyKeys;
    }

    @Override
    public Removals removals() {
        return removals;
    }

    @Override
    public void close() {
        database.close();
    }
}
