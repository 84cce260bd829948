-- Failures that a person has seen and does nothing more about, which need nobody any longer. A
-- retry is the next execution: if that fails, it is a failure that nobody has seen.
create table acknowledgements (
    run_id    text        not null references runs on delete cascade,
    execution bigint      not null,
    actor     text        not null,
    reason    text,
    at        timestamptz not null default clock_timestamp(),
    primary key (run_id, execution)
);
