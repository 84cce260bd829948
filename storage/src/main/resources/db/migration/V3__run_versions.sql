-- The place of each projection among all changes of the run: what is older or equal is refused. A
-- retry is the next execution, whose changes are counted from 1 again.
alter table runs
    add column execution       bigint      not null default 1,
    add column status_sequence bigint      not null default 0,
    -- When the status or its reason last changed, by the database's clock.
    add column status_at       timestamptz not null default clock_timestamp();

alter table stages
    add column execution       bigint not null default 1,
    add column status_sequence bigint not null default 0,
    -- The attempt that reported the step.
    add column progress_token  bigint not null default 0;
