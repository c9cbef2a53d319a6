"""Every sentence that people read, once by its code, in English and Chinese side by side."""
