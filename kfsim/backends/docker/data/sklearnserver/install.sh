# Runs in the build's first stage: packages into /opt/site, without their tests, compiled.
set -e
cd /install
set -- --requirement=requirements.txt --target=/opt/site --only-binary=:all: --no-compile \
    --no-cache-dir --disable-pip-version-check --root-user-action=ignore --progress-bar=off
if [ -d wheels ]; then
    set -- "$@" --no-index --find-links=wheels
fi
if [ -f pip.conf ]; then
    export PIP_CONFIG_FILE=/install/pip.conf
fi
if [ -f extra-ca.crt ]; then
    python -c 'from pip._vendor import certifi; print(certifi.contents())' > ca.crt
    cat extra-ca.crt >> ca.crt
    export PIP_CERT=/install/ca.crt
fi
python -m pip install "$@"
cd /opt/site
rm -rf bin tests */tests */*/tests */*/*/tests */*/*/*/tests */*/*/*/*/tests
# Never checked against the source: nothing changes in an image, and starting is faster.
python -m compileall -q -j 0 --invalidation-mode unchecked-hash .
