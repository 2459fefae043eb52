process CELLSWAP_MERGECELLS {
    tag "${meta.id}"
    label 'cellswap'

    conda "${moduleDir}/../environment.yml"

    input:
    tuple val(meta), val(cells), val(folder)
    val wait

    output:
    tuple val(meta), val(cells), val(folder), emit: done
    path 'versions.yml', emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def command = task.ext.command ?: 'cellswap'
    def args = task.ext.args ?: ''
    """
    ${command} merge '${cells}' --wait ${wait} ${args}

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        cellswap: \$(${command} --version)
    END_VERSIONS
    """

    stub:
    """
    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        cellswap: stub
    END_VERSIONS
    """
}
