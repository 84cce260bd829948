/// The object store of the embedded stack, a process of its own.
@org.jspecify.annotations.NullMarked
package dev.tanren.deploy.objects;
