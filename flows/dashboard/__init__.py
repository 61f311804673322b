"""The page: who may see it, what its address asks for, and one module for each section."""
