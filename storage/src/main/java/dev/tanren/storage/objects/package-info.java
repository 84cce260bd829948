/// The object store port and its S3 implementation.
package dev.tanren.storage.objects;
