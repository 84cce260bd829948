/// The command line: a thin client of the REST API, the launcher of the embedded stack and of the
/// model runtime's tools.
///
/// Data goes to standard output, everything else to standard error.
package dev.tanren.cli;
