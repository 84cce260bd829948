-- What a worker has promised of its memory to the processes that are at work.
alter table workers add column promised_bytes bigint not null default 0;
