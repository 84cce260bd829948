/// The S3 server of the embedded stack, of benchmarks and of tests: S3Proxy on the file system.
@org.jspecify.annotations.NullMarked
package dev.tanren.storage.server;
