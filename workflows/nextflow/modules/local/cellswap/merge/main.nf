process CELLSWAP_MERGE {
    tag "${meta.id}"
    label 'cellswap_merge'
    // A study that is merged already is found so, quickly; the study folder may have been changed meanwhile.
    cache false

    conda "${moduleDir}/../environment.yml"

    input:
    tuple val(meta), val(study), val(folder)
    val wait

    output:
    tuple val(meta), path('report.html'), emit: report
    path 'versions.yml', emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def command = task.ext.command ?: 'cellswap'
    def args = task.ext.args ?: ''
    """
    ${command} merge '${study}' -o '${folder}' --wait ${wait} --workers ${task.cpus} ${args}
    cp '${folder}/report.html' .

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        cellswap: \$(${command} --version)
    END_VERSIONS
    """

    stub:
    """
    touch report.html

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        cellswap: stub
    END_VERSIONS
    """
}
