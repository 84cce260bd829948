package dev.tanren.storage.registry;

/// Everything the registry keeps, over one connection pool. Safe for use by many threads.
public interface Registry extends AutoCloseable {
    Runs runs();

    RunRequests runRequests();

    RunInputs inputs();

    Acknowledgements acknowledgements();

    Attempts attempts();

    Checkpoints checkpoints();

    Metrics metrics();

    Events events();

    Audit audit();

    Tokens tokens();

    Sessions sessions();

    Workers workers();

    IdempotencyKeys idempotencyKeys();

    Removals removals();

    @Override
    void close();
}
