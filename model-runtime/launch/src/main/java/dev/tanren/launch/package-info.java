/// The contract between a worker and the processes of the model runtime that it launches: what they
/// are told, what they report, and how they end.
///
/// A process gets one JSON file ([RankLaunch], [ExportLaunch] or [EvaluateLaunch]) as its only
/// argument, the secrets of the object store in its environment, and connects to a Unix domain
/// socket on which it writes one JSON [Report] a line. When the socket closes, the worker is gone
/// and the process ends itself.
package dev.tanren.launch;
