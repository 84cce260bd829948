/// The embedded stack: PostgreSQL, an S3 server, Temporal, the control plane and workers as child
/// processes of one supervisor, all on the loopback address.
///
/// State lies in `$TANREN_HOME` alone. The supervisor records every process by id and start time,
/// so that a later one takes over what an earlier one left behind.
package dev.tanren.deploy.stack;
