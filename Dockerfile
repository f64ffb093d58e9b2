# luc-load with its demo: a synthetic sample, and the database built from it.
#
#   docker build -t luc-load .
#   docker run --rm luc-load                                   # the demo's first answers
#   docker run --rm -v "$PWD:/data" luc-load luc-load build --raw raw
FROM python:3.12-slim

WORKDIR /opt/luc-load
COPY . .
# hadolint ignore=DL3013  # the version is that of the folder
RUN pip install --no-cache-dir ".[plot,zarr]"

# The demo runs as a user without rights, in a folder of its own.
RUN useradd --create-home --uid 1000 luc && mkdir /data && chown luc /data
USER 1000
WORKDIR /data
CMD ["sh", "-c", "luc-load build --sample --years 1990:2022 --out demo && luc-load query emissions_by_decade demo"]
