"""How the files of figures are written, column by column."""

REFRACTORY_NS = 3.5


def write_columns(file, group, dim, **columns):
    for name, values in columns.items():
        file.write(f"{group}/{name}", values, (dim,), units="1", description=name)


def write_array(file, name, values, *dims):
    file.write(name, values, dims, units="1", description=name)
