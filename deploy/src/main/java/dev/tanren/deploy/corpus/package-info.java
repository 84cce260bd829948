/// The demo's corpus: code and prose of well-known libraries, made from their published sources.
package dev.tanren.deploy.corpus;
