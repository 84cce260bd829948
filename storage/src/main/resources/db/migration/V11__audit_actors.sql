-- Who did it, by an id that is nobody else's, from where, and what it changed. Entries of before
-- have the first form, which their hashes are over; the hashes of the second are over all columns.
alter table audit
    add column form     int not null default 1,
    add column actor_id text,
    add column role     text,
    add column address  text,
    add column before   text,
    add column after    text;
alter table audit alter column form drop default;

create index audit_by_actor on audit (actor, entry_id);
create index audit_by_actor_id on audit (actor_id, entry_id);
create index audit_by_action on audit (action, entry_id);
create index audit_by_time on audit (at);
