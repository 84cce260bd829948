/// Brings a plan's tokenizer and base model into the object store.
package dev.tanren.activities.model;
