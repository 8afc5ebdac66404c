"""The dictionary: one self-contained HTML page a release, of what each of its tables, columns and metrics means.

Belongs here: what the page shows (`contents`), how (`templates`), the words of the page (`texts.yml`) and of columns that
recur (`columns.yml`), and which column leads to which table (`joins.yml`).
Does not belong here: what a table or column means. Their models say so, in English, and of tables in Vietnamese too
(`meta.description_vi`).
"""
