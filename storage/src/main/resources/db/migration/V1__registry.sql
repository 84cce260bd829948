-- What the platform knows of runs. Temporal decides their state; this projects it for reading, and
-- holds the fencing tokens under which checkpoints are committed.

create table runs (
    run_id        text primary key,
    name          text        not null,
    plan          text        not null,
    owner         text        not null,
    status        text        not null,
    reason        text,
    failure_code  text,
    failure_what  text,
    failure_where text,
    failure_mend  text,
    current_stage text,
    -- The id that the run's newest event has.
    last_event    bigint      not null default 0,
    created_at    timestamptz not null default clock_timestamp(),
    started_at    timestamptz,
    finished_at   timestamptz
);
create index runs_by_status on runs (status, run_id desc);
create index runs_by_owner on runs (owner, run_id desc);

create table stages (
    run_id      text   not null references runs,
    stage_id    text   not null,
    position    int    not null,
    type        text   not null,
    status      text   not null,
    phase_id    text,
    step        bigint not null default 0,
    total_steps bigint not null,
    result      text,
    started_at  timestamptz,
    finished_at timestamptz,
    primary key (run_id, stage_id)
);

-- The fencing token is drawn while the stage's row is locked, so within a stage it rises in the
-- order in which attempts began.
create table attempts (
    fencing_token bigserial primary key,
    run_id        text        not null,
    stage_id      text        not null,
    phase_id      text,
    attempt       int         not null,
    worker        text        not null,
    ranks         int         not null,
    resume_step   bigint      not null,
    last_step     bigint      not null,
    status        text        not null,
    reason        text,
    failure_class text,
    request_id    text        not null,
    started_at    timestamptz not null default clock_timestamp(),
    first_step_at timestamptz,
    ended_at      timestamptz,
    foreign key (run_id, stage_id) references stages,
    unique (run_id, stage_id, attempt),
    unique (run_id, stage_id, request_id)
);

-- No reference to stages: the table can be filled from the manifests alone.
create table checkpoints (
    run_id         text             not null,
    stage_id       text             not null,
    step           bigint           not null,
    phase_id       text             not null,
    attempt        int              not null,
    fencing_token  bigint           not null,
    manifest_key   text             not null,
    bytes          bigint           not null,
    weights_sha256 text             not null,
    loss           double precision not null,
    prepared_at    timestamptz      not null default clock_timestamp(),
    -- Null while the commit is under way: readers do not see the row.
    committed_at   timestamptz,
    verified_at    timestamptz,
    quarantined    text,
    primary key (run_id, stage_id, step)
);

create table step_metrics (
    run_id        text        not null,
    stage_id      text        not null,
    step          bigint      not null,
    rank          int         not null,
    attempt       int         not null,
    fencing_token bigint      not null,
    phase_id      text        not null,
    rolled_back   boolean     not null default false,
    batch_hash    text        not null,
    figures       text        not null,
    loss          double precision,
    at            timestamptz not null,
    primary key (run_id, stage_id, rank, step)
);

create table evaluations (
    run_id        text             not null,
    stage_id      text             not null,
    step          bigint           not null,
    dataset       text             not null,
    fencing_token bigint           not null,
    rolled_back   boolean          not null default false,
    loss          double precision not null,
    perplexity    double precision not null,
    tokens        bigint           not null,
    primary key (run_id, stage_id, step, dataset)
);

create table events (
    run_id   text        not null references runs,
    event_id bigint      not null,
    type     text        not null,
    stage_id text,
    message  text        not null,
    data     text        not null,
    key      text,
    at       timestamptz not null default clock_timestamp(),
    primary key (run_id, event_id),
    unique (run_id, key)
);

create table audit (
    entry_id      bigint primary key,
    at            timestamptz not null,
    actor         text        not null,
    action        text        not null,
    subject       text        not null,
    reason        text,
    detail        text        not null,
    previous_hash text        not null,
    hash          text        not null
);
create index audit_by_subject on audit (subject, entry_id);

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the audit is append-only';
end
$$;
create trigger audit_append_only before update or delete or truncate on audit
    for each statement execute function audit_is_append_only();

create table tokens (
    token_id     text primary key,
    name         text        not null,
    role         text        not null,
    hash         text        not null unique,
    created_at   timestamptz not null default clock_timestamp(),
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz
);

create table workers (
    worker_id    text primary key,
    host         text        not null,
    pid          bigint      not null,
    task_queue   text        not null,
    cores        int         not null,
    memory_bytes bigint      not null,
    version      text        not null,
    activity     text        not null,
    started_at   timestamptz not null,
    seen_at      timestamptz not null
);

create table idempotency_keys (
    owner       text        not null,
    key         text        not null,
    body_hash   text        not null,
    -- 0 while the first request is at work
    status      int         not null,
    answer      text        not null,
    reserved_at timestamptz not null,
    primary key (owner, key)
);
