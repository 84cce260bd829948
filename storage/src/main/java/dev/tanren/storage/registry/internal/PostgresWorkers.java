package dev.tanren.storage.registry.internal;

import dev.tanren.storage.registry.Workers;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;

/// Workers in PostgreSQL. When a worker was seen is the database's clock, not the worker's.
public final class PostgresWorkers implements Workers {

    private static final Duration LISTED = Duration.ofDays(1);

    private final Database database;
    private final DatabaseClock clock;

    public PostgresWorkers(Database database) {
        this(database, InstantSource.system());
    }

    /// @param own clock of this process, which the start of a worker is of
    PostgresWorkers(Database database, InstantSource own) {
        this.database = database;
        this.clock = new DatabaseClock(own);
    }

    @Override
    public void announce(Worker worker) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        insert into workers (worker_id, host, pid, task_queue, cores,
                                            memory_bytes, promised_bytes, version, activity, started_at, seen_at)
                                        values (:workerId, :host, :pid, :taskQueue, :cores,
                                            :memoryBytes, :promisedBytes, :version, :activity, :startedAt,
                                            clock_timestamp())
                                        on conflict (worker_id) do update set
                                            host = excluded.host,
                                            pid = excluded.pid,
                                            task_queue = excluded.task_queue,
                                            cores = excluded.cores,
                                            memory_bytes = excluded.memory_bytes,
                                            promised_bytes = excluded.promised_bytes,
                                            version = excluded.version,
                                            activity = excluded.activity,
                                            seen_at = excluded.seen_at
                                        """)
                                .bind("workerId", worker.workerId())
                                .bind("host", worker.host())
                                .bind("pid", worker.pid())
                                .bind("taskQueue", worker.taskQueue())
                                .bind("cores", worker.cores())
                                .bind("memoryBytes", worker.memoryBytes())
                                .bind("promisedBytes", worker.promisedBytes())
                                .bind("version", worker.version())
                                .bind("activity", worker.activity())
                                .bind("startedAt", worker.startedAt().plus(clock.ahead(handle)))
                                .execute());
    }

    @Override
    public List<Worker> list() {
        return heardWithin(LISTED);
    }

    @Override
    public List<Worker> heardWithin(Duration silence) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select * from workers
                                        where seen_at > clock_timestamp()
                                            - make_interval(secs => :seconds)
                                        order by started_at desc, worker_id
                                        """)
                                .bind("seconds", silence.toMillis() / 1000.0)
                                .map((row, context) -> worker(row))
                                .list());
    }

    @Override
    public List<Worker> between(Instant from, Instant until) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select * from workers
                                        where seen_at >= :from and started_at <= :until
                                        order by started_at, worker_id
                                        """)
                                .bind("from", from)
                                .bind("until", until)
                                .map((row, context) -> worker(row))
                                .list());
    }

    private static Worker worker(ResultSet row) throws SQLException {
        return new Worker(
                row.getString("worker_id"),
                row.getString("host"),
                row.getLong("pid"),
                row.getString("task_queue"),
                row.getInt("cores"),
                row.getLong("memory_bytes"),
                row.getLong("promised_bytes"),
                row.getString("version"),
                row.getString("activity"),
                Columns.instant(row, "started_at"),
                Columns.instant(row, "seen_at"));
    }
}
