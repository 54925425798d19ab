"""Events, tables and the fold: what every other part of spanfold agrees on. Standard library only."""
