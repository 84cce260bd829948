/// What the processes that a worker launches may take of its memory, and how one that took more is
/// told apart from one that died otherwise.
package dev.tanren.activities.memory;
