/// The object store of the embedded stack: S3Proxy on the file system.
@org.jspecify.annotations.NullMarked
package dev.tanren.deploy.objects;
